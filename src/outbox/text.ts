/** Text and JSON to bytes and back. */
import type { Bytes } from "../record.ts";

declare const TextEncoder: { new (): { encode(text: string): Uint8Array } };
declare const TextDecoder: { new (): { decode(bytes: Uint8Array): string } };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The text of bytes that are UTF-8. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** How many bytes something takes. */
export function lengthOf(bytes: Bytes | undefined): number {
  if (bytes === undefined) return 0;
  return typeof bytes === "string" ? encoder.encode(bytes).length : bytes.length;
}
