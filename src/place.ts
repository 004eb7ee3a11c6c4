/** Opens the place of a log, and leaves it. */
import { isPromise } from "./engine/eventually.ts";
import type { Files } from "./engine/files.ts";
import type { Identity } from "./engine/segment.ts";
import { reasonOf, WalError } from "./errors.ts";
import { pathOf } from "./format/names.ts";
import type { Place, Storage } from "./storage.ts";

/** Answers `undefined` where there is nothing to read. Rejects with `LOCKED` or `UNAVAILABLE`. */
export async function openPlace(
  storage: Storage,
  { topic, partition, label }: Identity,
  mode: "read" | "write",
): Promise<Place | undefined> {
  try {
    const place = storage.open(pathOf(topic, partition), { mode });
    return isPromise(place) ? await place : place;
  } catch (error) {
    throw unavailable(error, label);
  }
}

/** The place of a log that is to be read. `action` is what its absence keeps from being done. */
export async function existingPlace(storage: Storage, identity: Identity, action: string): Promise<Place> {
  const place = await openPlace(storage, identity, "read");
  if (place !== undefined) return place;
  const { label } = identity;
  throw new WalError("UNAVAILABLE", `cannot ${action} log ${label}: there is no such log`, { log: label });
}

/** Lets go of a place as well as it goes: nothing was changed, or an error is on its way already. */
export async function leave(files: Files, place: Place): Promise<void> {
  await files.abandon();
  await (async () => place.close())().catch(() => undefined);
}

/** What a user is told of an error that the platform threw while a log was opened. */
export function unavailable(cause: unknown, label: string): unknown {
  if (cause instanceof WalError || cause instanceof RangeError) return cause;
  return new WalError("UNAVAILABLE", `cannot open log ${label}: ${reasonOf(cause)}`, { log: label, cause });
}
