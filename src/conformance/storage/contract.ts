/** The sentences of `src/storage.ts` that the checks quote. */
import { clauses } from "../clause.ts";

export const anywhere = clauses("the head of src/storage.ts", {
  colour:
    "every method of `Place` and `StoredFile` may answer at once or with a promise, but a given method of a given backend always does the same.",
  flat: "Place} of it, which is a flat folder of files that nobody else writes",
});

export const storage = clauses("Storage, src/storage.ts", {
  name: "Names this storage in messages",
  durability: "What a completed `flush` means here, unless it answers less.",
  flushesAtOnce: "How many flushes of one file may run at the same time, 1 or more.",
  now: "Wall-clock time in whole milliseconds since 1970.",
  elapsed: "It never goes back, and may have fractions.",
  sleep: "Resolves after about `ms` milliseconds, and at least one turn of the event loop later.",
  path: "Opens the place at `path`, a list of names that are safe on every file system",
  list: "The names that come directly behind `path` in the paths of the places that there are, in any order.",
  listTakes: "It takes no lock, and may answer names besides of which there is no place.",
});

export const mode = clauses("OpenPlaceOptions.mode, src/storage.ts", {
  creates: "`write` takes the exclusive lock of the place, creates the place when it is missing",
  locked: "throws a `WalError` with the code `LOCKED` at once when somebody else holds the lock.",
  atomic: "The lock is taken atomically, and the death of its holder frees it.",
  read: "`read` takes no lock, creates nothing, and answers `undefined` where there is no such place.",
});

export const place = clauses("Place, src/storage.ts", {
  list: "The names of the files in this place, in any order, without those the backend itself keeps.",
  open: "Opens an existing file to read and write it.",
  openToRead: "In a place opened for reading, to read it.",
  create: "Creates a file and opens it. Fails if the name exists.",
  stale: "The new file is either empty or full of stale bytes",
  nameDurable: "name is durable after the first successful `flush` of the file, not before.",
  remove: "Removes a file.",
  removeDurable: "The removal is durable after the next successful `flush` of any file of this place.",
  inReserve:
    "Runs `work` in space that the place keeps for when its storage is full, and answers `true`; or `false`, having run nothing, where there is none.",
  close: "Closes the place and frees its lock.",
});

export const file = clauses("StoredFile, src/storage.ts", {
  size: "Length in bytes, stale bytes included.",
  read: "Reads into `target` from `position` and answers the count of bytes read.",
  readShort: "A count below `target.length` means that the file ends there, never anything else.",
  write: "Writes all of `source` at `position` and answers the count of bytes written.",
  source: "`source` must not be touched until the answer is there.",
  truncate: "Makes the file exactly `size` bytes long. Durable after the next `flush`.",
  flush:
    "When it succeeds, every byte written before the call, the length of the file, its name, and every removal made in its place before the call survive power loss.",
  once: "What is done once per name is marked done only after it succeeded.",
  close: "Closes the handle.",
});
