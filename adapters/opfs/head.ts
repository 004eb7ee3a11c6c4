/**
 * The head of a pool file: which name the file stands for at the moment, if any. It has two slots that are
 * written in turn, so that a write which is torn by a loss of power leaves the head as it was before.
 */

/** What a pool file is used for. */
export type Use =
  /** For nothing. */
  | { readonly kind: "free" }
  /** It is the file `name` of its place. */
  | { readonly kind: "named"; readonly name: string }
  /** It was the file `name`, and is again if no pool file with the number `unless` or a higher one is there. */
  | { readonly kind: "removed"; readonly name: string; readonly unless: number };

export interface Head {
  /** Higher than that of the head before. */
  readonly sequence: number;
  /** Whether the pool file itself is known to survive a loss of power. */
  readonly settled: boolean;
  readonly use: Use;
}

/** How many bytes of a pool file its head takes: the bytes of the named file begin behind it. */
export const headBytes = 4096;

const slotBytes = headBytes / 2;
const magic = 0x4c_4f_50_57; // "WPOL"
const kinds = ["free", "named", "removed"] as const;
const nameAt = 24;
const nameBytesMax = slotBytes - nameAt;

/** The bytes of a head, and where in the file they go. */
export function encodeHead({ sequence, settled, use }: Head): { bytes: Uint8Array; position: number } {
  const name = new TextEncoder().encode(use.kind === "free" ? "" : use.name);
  if (name.length > nameBytesMax) throw new RangeError(`a file name of ${name.length} bytes is too long`);
  const bytes = new Uint8Array(slotBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, magic, true);
  view.setUint32(8, sequence, true);
  view.setUint8(12, kinds.indexOf(use.kind));
  view.setUint8(13, settled ? 1 : 0);
  view.setUint16(14, name.length, true);
  view.setUint32(16, use.kind === "removed" ? use.unless : 0, true);
  bytes.set(name, nameAt);
  view.setUint32(0, checksum(bytes), true);
  return { bytes, position: (sequence % 2) * slotBytes };
}

/** The latest of the heads that `bytes`, the begin of a pool file, hold. */
export function decodeHead(bytes: Uint8Array): Head | undefined {
  const slots = [0, slotBytes].map((at) => decodeSlot(bytes.subarray(at, at + slotBytes)));
  const [first, second] = slots;
  if (first === undefined || second === undefined) return first ?? second;
  return first.sequence > second.sequence ? first : second;
}

function decodeSlot(bytes: Uint8Array): Head | undefined {
  if (bytes.length < slotBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(4, true) !== magic || view.getUint32(0, true) !== checksum(bytes)) return undefined;
  const kind = kinds[view.getUint8(12)];
  const nameBytes = bytes.subarray(nameAt, nameAt + view.getUint16(14, true));
  const name = new TextDecoder().decode(nameBytes);
  const unless = view.getUint32(16, true);
  const common = { sequence: view.getUint32(8, true), settled: view.getUint8(13) === 1 };
  if (kind === "named") return { ...common, use: { kind, name } };
  if (kind === "removed") return { ...common, use: { kind, name, unless } };
  return kind === "free" ? { ...common, use: { kind } } : undefined;
}

/** FNV-1a over everything behind the checksum itself. */
function checksum(slot: Uint8Array): number {
  let hash = 0x81_1c_9d_c5;
  for (let at = 4; at < slot.length; at++) hash = Math.imul(hash ^ slot[at]!, 0x01_00_01_93);
  return hash >>> 0;
}
