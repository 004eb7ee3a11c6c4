/**
 * The floor: one blocking write of the bytes and one blocking fdatasync, over and over a file that was filled
 * before. Several callers each await a promise of their own for each record, as the callers of a log do.
 */
import { closeSync, constants, fdatasyncSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";

const chunkBytes = 2 ** 20;

export function open(folder, { callers = 1, relaxed = false, segmentBytes = 64 * 2 ** 20 } = {}) {
  const descriptor = openSync(join(folder, "raw"), constants.O_RDWR | constants.O_CREAT);
  let end = 0;
  let limit = Infinity;
  /** The values that were appended last, and their bytes in one piece: they are put together once only. */
  let values = [];
  let block = new Uint8Array(0);
  let group;
  let waiting = [];

  function append(bytes) {
    if (end + bytes.length > limit) end = 0;
    writeSync(descriptor, bytes, 0, bytes.length, end);
    if (!relaxed) fdatasyncSync(descriptor);
    end += bytes.length;
  }

  function appendMany(all) {
    if (all !== values) {
      values = all;
      block = new Uint8Array(Buffer.concat(all));
    }
    append(block);
  }

  function appendAmongOthers(value) {
    group ??= Array.from({ length: callers }, () => value);
    return new Promise((resolve) => {
      if (waiting.push(resolve) < callers) return;
      const resolves = waiting;
      waiting = [];
      appendMany(group);
      for (const each of resolves) each();
    });
  }

  return {
    append: callers === 1 ? append : appendAmongOthers,
    appendMany,
    /** From here on it writes over what is there, as a log does that recycles its segments. */
    prepare() {
      const zeros = new Uint8Array(chunkBytes);
      for (let at = 0; at < segmentBytes * 2; at += chunkBytes) {
        writeSync(descriptor, zeros, 0, chunkBytes, at);
      }
      fsyncSync(descriptor);
      limit = segmentBytes * 2;
    },
    /** Reads every byte into fresh buffers, as whoever hands them on needs it, and does nothing with them. */
    scan() {
      let total = 0;
      for (let read = 1; read > 0; total += read) {
        const chunk = new Uint8Array(chunkBytes);
        read = readSync(descriptor, chunk, 0, chunkBytes, total);
      }
      return total;
    },
    close: () => closeSync(descriptor),
  };
}
