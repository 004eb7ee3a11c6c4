/**
 * Looks through a file at every place where a batch may begin, whatever lies before it. What is found
 * is a sound header; it may be a stale one, and its payload may be damaged.
 */
import { type BatchHeader, readBatchHeader } from "../format/batch-header.ts";
import { align, batchHeader } from "../format/layout.ts";
import { isPromise } from "./eventually.ts";
import type { Files } from "./files.ts";

const chunkBytes = 1024 * 1024;
/** How finely a chunk is gone through that cannot be read as a whole. */
const pieceBytes = 4096;
const zerosBytes = 64 * 1024;

export interface HeadersOptions {
  readonly from: number;
  readonly fileEnd: number;
  /** Called where a piece cannot be read, which is then skipped. Without it, reading errors are thrown. */
  readonly unreadable?: (position: number, error: unknown) => void;
}

export async function* headersOf(
  files: Files,
  name: string,
  { from, fileEnd, unreadable }: HeadersOptions,
): AsyncGenerator<BatchHeader> {
  const bytes = new Uint8Array(Math.min(chunkBytes, Math.max(fileEnd - from, 0)));
  const view = new DataView(bytes.buffer);
  /** Up to where pieces are read instead of chunks. */
  let finelyTo = 0;
  for (let start = align(from); start + batchHeader.bytes <= fileEnd;) {
    const isFine = start < finelyTo;
    const target = isFine ? bytes.subarray(0, pieceBytes) : bytes;
    let count: number;
    try {
      const read = files.read(name, target, start);
      count = isPromise(read) ? await read : read;
    } catch (error) {
      if (unreadable === undefined) throw error;
      if (isFine) {
        unreadable(start, error);
        start += pieceBytes;
      } else finelyTo = start + target.length;
      continue;
    }
    for (let at = 0; at + batchHeader.bytes <= count; at += batchHeader.alignment) {
      if (view.getUint32(at + batchHeader.at.position, true) !== start + at) continue;
      const header = readBatchHeader(view, at, start + at);
      if (header !== undefined) yield header;
    }
    if (count < target.length) return;
    start += target.length - batchHeader.bytes + batchHeader.alignment;
  }
}

/** How far the headers that belong to something say that it was flushed; 0 if none does. */
export async function highestWatermark(
  files: Files,
  name: string,
  options: HeadersOptions,
  belongs: (header: BatchHeader) => boolean,
): Promise<number> {
  let watermark = 0;
  for await (const header of headersOf(files, name, options)) {
    if (belongs(header)) watermark = Math.max(watermark, header.watermark);
  }
  return watermark;
}

/** Whether the file holds nothing but zeros from `from` to `fileEnd`. */
export async function isZeroBetween(
  files: Files,
  name: string,
  from: number,
  fileEnd: number,
): Promise<boolean> {
  const bytes = new Uint8Array(Math.min(zerosBytes, fileEnd - from));
  for (let start = from; start < fileEnd; start += bytes.length) {
    const count = await files.read(name, bytes.subarray(0, fileEnd - start), start);
    if (!bytes.subarray(0, count).every((byte) => byte === 0)) return false;
  }
  return true;
}
