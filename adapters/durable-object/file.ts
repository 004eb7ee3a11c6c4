/**
 * One file: its bytes lie in rows, one for each write, so that what is appended touches nothing that was
 * there before. What a write covers of earlier rows is cut out of them.
 */
import type { StoredFile } from "../../src/storage.ts";
import { type Extent, extentBytesMax, type Tables } from "./sqlite.ts";

export function storedFile(tables: Tables, id: number): StoredFile {
  return {
    size: () => tables.end(id),
    read: (target, position) => read(tables, id, target, position),
    write(source, position) {
      cutOut(tables, id, position, position + source.length);
      addAll(tables, id, { position, bytes: source });
      return source.length;
    },
    truncate(size) {
      const end = tables.end(id);
      if (size < end) cutOut(tables, id, size, end);
      // The last row says how long a file is, also one that ends in zeros.
      if (size > tables.end(id)) tables.add(id, { position: size - 1, bytes: new Uint8Array(1) });
    },
    flush: () => tables.sync(),
    close() {},
  };
}

export function read(tables: Tables, id: number, target: Uint8Array, position: number): number {
  const count = Math.max(0, Math.min(target.length, tables.end(id) - position));
  target.fill(0, 0, count);
  for (const extent of tables.extents(id, position, position + count)) {
    const skipped = Math.max(0, position - extent.position);
    const at = Math.max(0, extent.position - position);
    target.set(extent.bytes.subarray(skipped, skipped + count - at), at);
  }
  return count;
}

function cutOut(tables: Tables, id: number, from: number, to: number): void {
  for (const { position, bytes } of tables.extents(id, from, to)) {
    tables.remove(id, position);
    if (position < from) tables.add(id, { position, bytes: bytes.slice(0, from - position) });
    if (position + bytes.length > to) tables.add(id, { position: to, bytes: bytes.slice(to - position) });
  }
}

function addAll(tables: Tables, id: number, { position, bytes }: Extent): void {
  for (let at = 0; at < bytes.length; at += extentBytesMax) {
    // A view would bring all of its buffer along.
    tables.add(id, { position: position + at, bytes: bytes.slice(at, at + extentBytesMax) });
  }
}
