/**
 * The bytes of a file in the database: chunks of equal size, by number. What is missing of a chunk, or a
 * chunk that is missing, is zeros.
 */
import type { ReadTransaction, WriteTransaction } from "./connection.ts";

/** Small enough that adding to a chunk again and again costs little, and below what browsers put into files. */
export const chunkBytes = 16_384;

/** Copies the stored bytes from `position` into `target`, but for the chunks that `skip` knows of. */
export async function readChunks(
  transaction: ReadTransaction,
  name: string,
  target: Uint8Array,
  position: number,
  skip: (index: number) => boolean,
): Promise<void> {
  const [first, next] = indexRange(position, target.length);
  let from = first;
  let to = next;
  while (from < to && skip(from)) from++;
  while (to > from && skip(to - 1)) to--;
  target.fill(0);
  if (from === to) return;
  const range = IDBKeyRange.bound([name, from], [name, to - 1]);
  const chunks = transaction.objectStore("chunks");
  const [keys, values] = await Promise.all([chunks.getAllKeys(range), chunks.getAll(range)]);
  for (let each = 0; each < keys.length; each++) {
    const index = keys[each]![1];
    if (!skip(index)) copyChunk(values[each]!, index, target, position);
  }
}

/** Copies what of a chunk belongs into `target`, which begins at `position`. */
export function copyChunk(chunk: Uint8Array, index: number, target: Uint8Array, position: number): void {
  const at = index * chunkBytes - position;
  const start = Math.max(0, -at);
  const end = Math.min(chunk.length, target.length - at);
  if (start < end) target.set(chunk.subarray(start, end), at + start);
}

/** The half-open range of chunks that hold `length` bytes from `position`. */
export function indexRange(position: number, length: number): [first: number, next: number] {
  return [Math.floor(position / chunkBytes), Math.ceil((position + length) / chunkBytes)];
}

/** Deletes the chunks of a file from `first` on. */
export function deleteChunks(transaction: WriteTransaction, name: string, first: number): Promise<void> {
  return transaction.objectStore("chunks").delete(IDBKeyRange.bound([name, first], [name, Infinity]));
}
