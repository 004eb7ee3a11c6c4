/** Reads a body, and not more of it than allowed. */
import { Refusal } from "./refusal.ts";
import type { ReceiverRequest } from "./options.ts";

declare const TextDecoder: {
  new (label: string, options: { fatal: boolean }): { decode(bytes: Uint8Array): string };
};

interface Reader {
  read(): Promise<{ done: boolean; value?: Uint8Array }>;
  cancel(): Promise<unknown>;
}

/** The text of the body. Throws a {@link Refusal}; whatever else is thrown means that the body broke off. */
export async function readBody(request: ReceiverRequest, bytesMax: number): Promise<string> {
  const tooLarge = new Refusal(413, `a body may have ${bytesMax} bytes; send less at once`);
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = (request.body as { getReader(): Reader } | null)?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done || value === undefined) break;
    length += value.length;
    if (length > bytesMax) {
      await reader.cancel().catch(() => undefined);
      throw tooLarge;
    }
    chunks.push(value);
  }
  return textOf(chunks, length);
}

function textOf(chunks: readonly Uint8Array[], length: number): string {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(400, "the body is no UTF-8");
  }
}
