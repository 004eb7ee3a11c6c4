/**
 * Headers of a tar archive (ustar), as far as a log needs them: plain files whose names are short enough.
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
const spaces = "        ";

/** `modified` is in seconds since 1970. */
export function tarHeader({ path, size }: TarEntry, modified: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(blockBytes);
  const put = (position: number, text: string): void => block.set(encodeText(text), position);
  const { name, prefix } = split(path);
  put(at.name, name);
  put(at.mode, "0000644\u00000000000\u00000000000\u0000");
  put(at.size, `${octal(size, 11)}\u0000`);
  put(at.time, `${octal(modified, 11)}\u0000`);
  put(at.checksum, spaces);
  block[at.type] = plainFile;
  put(at.magic, "ustar\u000000");
  put(at.prefix, prefix);
  put(at.checksum, `${octal(sumOf(block), 6)}\u0000 `);
  return block;
}

/** What a header says, or `undefined` when it is none of a plain file. */
export function readTarHeader(block: Uint8Array): TarEntry | undefined {
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
    if (!/^[0-7]+$/.test(size) || (block[at.type] !== plainFile && block[at.type] !== 0)) return undefined;
    const names = `${text(at.prefix, prefixBytesMax)}/${text(at.name, nameBytesMax)}`.split("/");
    return { path: names.filter((each) => each !== "" && each !== "."), size: Number.parseInt(size, 8) };
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
function split(path: readonly string[]): { name: string; prefix: string } {
  for (let cut = 0; cut < path.length; cut++) {
    const [prefix, name] = [path.slice(0, cut).join("/"), path.slice(cut).join("/")];
    if (name.length <= nameBytesMax && prefix.length <= prefixBytesMax) return { name, prefix };
  }
  throw new RangeError(`the name ${path.join("/")} is too long for a tar archive`);
}

function sumOf(block: Uint8Array): number {
  return block.reduce((sum, byte) => sum + byte, 0);
}
