/** Finds where a segment goes on behind bytes that are damaged. */
import type { BatchHeader } from "../format/batch-header.ts";
import type { Files } from "./files.ts";
import { headersOf, type HeadersOptions } from "./headers.ts";
import { type Boundary, Walker } from "./walker.ts";

const chunkBytes = 4096;

/** The first batch that belongs and is as it was written, from its header to the last byte of its payload. */
export async function nextBatch(
  files: Files,
  name: string,
  looking: HeadersOptions,
  belongs: (header: BatchHeader) => boolean,
): Promise<Boundary | undefined> {
  for await (const header of headersOf(files, name, looking)) {
    if (!belongs(header)) continue;
    const { position, baseOffset: offset, previousChecksum: checksum, epoch } = header;
    const from = { position, offset, checksum };
    const walker = new Walker(files, { name, epoch, from, chunkBytes });
    try {
      if (typeof (await walker.next(looking.fileEnd)) !== "string") return from;
    } catch (error) {
      if (looking.unreadable === undefined) throw error;
    }
  }
  return undefined;
}
