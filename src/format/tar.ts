/**
 * Headers of a tar archive (ustar), as far as a log needs them: plain files. A name that is too long for a
 * header stands in an entry of its own before it (an extended header of pax).
 *
 *     0      100  108 116 124     136   148      156  157    257     345      500  512
 *     | name | mode uid gid | size | time | checksum | type | link | ustar… | prefix | |
 */
import { decodeText, encodeText } from "./text.ts";

export const blockBytes = 512;

export interface TarEntry {
  /** The names of the folders, and that of the file. */
  readonly path: readonly string[];
  readonly size: number;
}

const at = {
  name: 0,
  mode: 100,
  size: 124,
  time: 136,
  checksum: 148,
  type: 156,
  magic: 257,
  prefix: 345,
} as const;
const nameBytesMax = 100;
const prefixBytesMax = 155;
const plainFile = 0x30;
const extension = 0x78;
/** The longest path of a segment takes less. */
const extensionBytesMax = 4096;
const spaces = "        ";

/** One or more blocks. `modified` is in seconds since 1970. */
export function tarHeader({ path, size }: TarEntry, modified: number): Uint8Array<ArrayBuffer> {
  const parts = split(path);
  if (parts !== undefined) return headerBlock(parts, size, plainFile, modified);
  const content = extensionOf(path.join("/"));
  const head = headerBlock({ name: "path", prefix: "" }, content.length, extension, modified);
  const end = blockBytes * (1 + Math.ceil(content.length / blockBytes));
  const blocks = new Uint8Array(end + blockBytes);
  blocks.set(head);
  blocks.set(content, blockBytes);
  blocks.set(headerBlock({ name: path.at(-1)!, prefix: "" }, size, plainFile, modified), end);
  return blocks;
}

interface NameParts {
  readonly name: string;
  readonly prefix: string;
}

function headerBlock(
  { name, prefix }: NameParts,
  size: number,
  type: number,
  modified: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(blockBytes);
  const put = (position: number, text: string): void => bytes.set(encodeText(text), position);
  put(at.name, name);
  put(at.mode, "0000644\u00000000000\u00000000000\u0000");
  put(at.size, `${octal(size, 11)}\u0000`);
  put(at.time, `${octal(modified, 11)}\u0000`);
  put(at.checksum, spaces);
  bytes[at.type] = type;
  put(at.magic, "ustar\u000000");
  put(at.prefix, prefix);
  put(at.checksum, `${octal(sumOf(bytes), 6)}\u0000 `);
  return bytes;
}

/** A record of an extended header says its own length, in decimal, which is part of the length. */
function extensionOf(path: string): Uint8Array {
  const rest = ` path=${path}\n`;
  let length = rest.length;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return encodeText(`${length}${rest}`);
}

/** The path that an extended header gives the entry behind it. */
export function pathOfExtension(content: Uint8Array): readonly string[] | undefined {
  try {
    return namesOf(/^\d+ path=(.*)\n/m.exec(decodeText(content))?.[1] ?? "");
  } catch {
    return undefined;
  }
}

/** What a header says, or `undefined` when it is none of a plain file. */
export function readTarHeader(block: Uint8Array): (TarEntry & { isExtension: boolean }) | undefined {
  const text = (position: number, length: number): string => {
    const bytes = block.subarray(position, position + length);
    const end = bytes.indexOf(0);
    return decodeText(end < 0 ? bytes : bytes.subarray(0, end)).trim();
  };
  try {
    const unsummed = block.slice();
    unsummed.set(encodeText(spaces), at.checksum);
    if (Number.parseInt(text(at.checksum, 8), 8) !== sumOf(unsummed)) return undefined;
    const size = text(at.size, 12);
    const type = block[at.type]!;
    const isExtension = type === extension;
    if (!/^[0-7]+$/.test(size) || !(isExtension || type === plainFile || type === 0)) return undefined;
    const bytes = Number.parseInt(size, 8);
    if (isExtension && bytes > extensionBytesMax) return undefined;
    const path = namesOf(`${text(at.prefix, prefixBytesMax)}/${text(at.name, nameBytesMax)}`);
    return { path, size: bytes, isExtension };
  } catch {
    return undefined;
  }
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

export function emptyBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** A path that is too long for the name stands partly in the prefix, cut at a slash. */
function split(path: readonly string[]): NameParts | undefined {
  for (let cut = 0; cut < path.length; cut++) {
    const [prefix, name] = [path.slice(0, cut).join("/"), path.slice(cut).join("/")];
    if (name.length <= nameBytesMax && prefix.length <= prefixBytesMax) return { name, prefix };
  }
  return undefined;
}

function namesOf(path: string): string[] {
  return path.split("/").filter((each) => each !== "" && each !== ".");
}

function sumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte, 0);
}
