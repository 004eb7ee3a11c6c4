/**
 * The container that a log travels in: a tar archive of its segment files, so that every tool opens it. These are
 * pure functions over its headers; only what an archive of segments needs is understood.
 */
import { decodeText, encodeText } from "./text.ts";

export const tarBlockBytes = 512;

const nameBytesMax = 100;
const plainFile = 0x30;
/** Carries fields that the next header has no room for. */
const extension = 0x78;

export interface TarEntry {
  readonly path: string;
  readonly size: number;
}

/** The header of a file, with an extension in front where the path is long. Its bytes follow, padded. */
export function encodeTarHeader({ path, size }: TarEntry): Uint8Array {
  if (encodeText(path).length <= nameBytesMax) return block(path, size, plainFile);
  const field = extended("path", path);
  const parts = [
    block("extended-header", field.length, extension),
    field,
    new Uint8Array(paddingOf(field.length)),
    block(path.slice(-nameBytesMax), size, plainFile),
  ];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** What a header says; `undefined` for the block of zeros that ends an archive. Throws where it is none. */
export function decodeTarHeader(
  header: Uint8Array,
): (TarEntry & { readonly isExtension: boolean }) | undefined {
  if (header.every((byte) => byte === 0)) return undefined;
  const sum = numberAt(header, 148, 8);
  if (sum !== checksumOf(header))
    throw new RangeError("the archive is damaged: a header has a wrong checksum");
  const kind = header[156]!;
  if (kind !== plainFile && kind !== 0 && kind !== extension) {
    throw new RangeError("the archive holds something that is not a plain file");
  }
  const path = textAt(header, 345, 155);
  const name = textAt(header, 0, nameBytesMax);
  return {
    path: path === "" ? name : `${path}/${name}`,
    size: numberAt(header, 124, 12),
    isExtension: kind === extension,
  };
}

/** The path that an extension carries, if it carries one. */
export function extendedPath(bytes: Uint8Array): string | undefined {
  for (let at = 0; at < bytes.length;) {
    const text = decodeText(bytes.subarray(at));
    const length = Number.parseInt(text, 10);
    if (!(length > 0)) return undefined;
    const field = decodeText(bytes.subarray(at, at + length));
    const [, name, value] = /^\d+ ([^=]+)=(.*)\n$/s.exec(field) ?? [];
    if (name === "path") return value;
    at += length;
  }
  return undefined;
}

/** How many zeros follow `size` bytes. */
export function paddingOf(size: number): number {
  return (tarBlockBytes - (size % tarBlockBytes)) % tarBlockBytes;
}

function block(path: string, size: number, kind: number): Uint8Array {
  const header = new Uint8Array(tarBlockBytes);
  const put = (at: number, text: string): void => header.set(encodeText(text), at);
  put(0, path);
  put(100, "0000644\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${size.toString(8).padStart(11, "0")}\0`);
  put(136, "00000000000\0");
  header[156] = kind;
  put(257, "ustar\x0000");
  put(148, `${checksumOf(header).toString(8).padStart(6, "0")}\0 `);
  return header;
}

/** Its length counts itself. */
function extended(name: string, value: string): Uint8Array {
  const rest = encodeText(` ${name}=${value}\n`).length;
  let length = rest;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return encodeText(`${length} ${name}=${value}\n`);
}

/** Of a header whose field for it counts as spaces. */
function checksumOf(header: Uint8Array): number {
  return header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

function textAt(header: Uint8Array, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return decodeText(end < 0 ? field : field.subarray(0, end));
}

function numberAt(header: Uint8Array, at: number, length: number): number {
  const number = Number.parseInt(textAt(header, at, length).trim(), 8);
  if (!(number >= 0))
    throw new RangeError("the archive is damaged: a header has no number where there should be one");
  return number;
}
