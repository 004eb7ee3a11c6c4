/**
 * A storage around another one whose files do something else where a test says so: fail a flush, or tell
 * how much was read. What is not overridden goes to the storage within, in its own colour.
 */
import type { Eventually, Place, Storage, StoredFile } from "../../src/index.ts";
import { whenThere } from "../support/when-there.ts";

export type Wrap = (file: StoredFile, name: string) => Partial<StoredFile>;

export function wrapped(
  storage: Storage,
  wrap: Wrap,
  wrapPlace: (place: Place) => Partial<Place> = () => ({}),
): Storage {
  const around = (file: StoredFile, name: string): StoredFile => ({ ...file, ...wrap(file, name) });
  const aroundPlace = (place: Place): Place => ({
    ...place,
    open: (name) => whenThere(place.open(name), (file) => around(file, name)),
    create: (name) => whenThere(place.create(name), (file) => around(file, name)),
    ...wrapPlace(place),
  });
  return {
    ...storage,
    open: (path, options) => whenThere(storage.open(path, options), (place) => place && aroundPlace(place)),
  };
}

/** Fails in the way of the storage: at once, or with a promise. */
export function failing<T>(like: Eventually<T>, reason: string): Eventually<never> {
  const error = new Error(reason);
  if (like instanceof Promise) return like.then(() => Promise.reject(error));
  throw error;
}
