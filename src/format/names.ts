/**
 * Names of topics and segments as file names that are safe and distinct on every file system,
 * those that ignore case included.
 */
import { limit } from "./layout.ts";
import { assertWellFormed, decodeText, encodeText } from "./text.ts";

/** The longest name that common file systems take, in bytes. */
const fileNameMax = 255;
const plain = /^[a-z0-9_-]$/;
const device = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/;
const segmentName = /^(\d{20})(?:_(\d{10}))?\.wal$/;

/** The path of a log inside its storage: the folder of its topic and that of its partition. */
export function pathOf(topic: string, partition: number): [string, string] {
  return [encodeTopic(topic), String(partition)];
}

/** Throws a TypeError or RangeError for a topic that cannot be used. */
export function encodeTopic(topic: string): string {
  if (typeof topic !== "string") throw new TypeError(`topic must be a string, not ${typeof topic}`);
  assertWellFormed(topic, "topic");
  const bytes = encodeText(topic);
  if (bytes.length === 0) throw new RangeError("topic must not be empty");
  let name = "";
  bytes.forEach((byte, index) => {
    const character = String.fromCharCode(byte);
    const innerDot = character === "." && index > 0 && index < bytes.length - 1;
    name += plain.test(character) || innerDot ? character : escapeByte(byte);
  });
  if (device.test(name)) name = escapeByte(bytes[0]!) + name.slice(1);
  if (name.length > fileNameMax) {
    throw new RangeError(
      `topic is too long: its folder name would take ${name.length} bytes, and file systems take ${fileNameMax}. ` +
        "Characters other than a-z, 0-9, '_', '-' and '.' take 3 bytes for each byte of their UTF-8.",
    );
  }
  return name;
}

/** The topic of a folder name, or `undefined` when no topic has this folder name. */
export function decodeTopic(name: string): string | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < name.length; at++) {
    if (name[at] === "%") {
      bytes.push(Number.parseInt(name.slice(at + 1, at + 3), 16));
      at += 2;
    } else {
      bytes.push(name.charCodeAt(at));
    }
  }
  try {
    const topic = decodeText(Uint8Array.from(bytes));
    return encodeTopic(topic) === name ? topic : undefined;
  } catch {
    return undefined;
  }
}

/** The partition of a folder name, or `undefined` when no partition has this folder name. */
export function parsePartition(name: string): number | undefined {
  const partition = Number(name);
  return String(partition) === name && isPartition(partition) ? partition : undefined;
}

function isPartition(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= limit.partition;
}

export interface SegmentName {
  readonly base: number;
  /** Only in the name of a second incarnation with the same base offset. */
  readonly epoch: number | undefined;
}

export function formatSegmentName(base: number, epoch?: number): string {
  const incarnation = epoch === undefined ? "" : `_${String(epoch).padStart(10, "0")}`;
  return `${String(base).padStart(20, "0")}${incarnation}.wal`;
}

/** `undefined` when no segment has this name. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const match = segmentName.exec(name);
  if (match === null) return undefined;
  const base = Number(match[1]);
  const epoch = match[2] === undefined ? undefined : Number(match[2]);
  if (base > limit.offset || (epoch !== undefined && epoch > limit.epoch)) return undefined;
  return { base, epoch };
}

function escapeByte(byte: number): string {
  return `%${byte.toString(16).padStart(2, "0")}`;
}
