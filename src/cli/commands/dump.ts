/** `dump`: the bytes of segments, as FORMAT.md lays them out. */
import { Files } from "../../engine/files.ts";
import { headersOf } from "../../engine/headers.ts";
import { type BatchHeader, endOf } from "../../format/batch-header.ts";
import { ByteReader } from "../../format/bytes.ts";
import { checksum } from "../../format/checksum.ts";
import { type Control, decodeControl } from "../../format/control.ts";
import { attribute, batchHeader, segmentHeader } from "../../format/layout.ts";
import { parseSegmentName, pathOf } from "../../format/names.ts";
import { logAt } from "../address.ts";
import { type Command, exit, type Invocation } from "../command.ts";
import type { Output } from "../output.ts";
import { bytesText, hexText, rangeText, shownText, timeText } from "../text.ts";

export const dump: Command = {
  name: "dump",
  summary: "the headers of segments and batches, byte by byte",
  usage: "<log|segment>",
  arity: [1, 1],
  flags: { batches: { type: "boolean", help: "every batch header that is sound, with a byte ruler" } },
  about: ["Bytes stand as they lie in the file. FORMAT.md says what each field means."],
  examples: [
    "./data/orders/0",
    "./data/orders/0/00000000000000000000.wal --batches",
    "./data/orders/0 --batches --json",
  ],
  async run(invocation) {
    const { address, path, segment } = logAt(invocation.positionals[0]!);
    const place = (await address.storage.open(pathOf(address.topic, address.partition), { mode: "read" }))!;
    const files = new Files(place, path);
    try {
      const names = (await files.list()).filter((name) => parseSegmentName(name) !== undefined).toSorted();
      if (names.length === 0 && !invocation.output.json)
        await invocation.output.line("The log has no segments.");
      for (const name of names) {
        if (segment === undefined || name === segment) await dumpSegment(files, name, invocation);
      }
    } finally {
      await files.abandon();
      await place.close();
    }
    return exit.fine;
  },
};

async function dumpSegment(files: Files, name: string, { flags, output, signal }: Invocation): Promise<void> {
  const fileEnd = await files.size(name);
  const head = new Uint8Array(Math.min(segmentHeader.bytes, fileEnd));
  await files.read(name, head, 0);
  if (output.json)
    await output.value({ segment: name, bytes: fileEnd, header: hexText(head) }, { lines: true });
  else for (const line of segmentLines(name, fileEnd, head, output)) await output.line(line);
  if (!flags.has("batches")) return;
  let end: number = segmentHeader.bytes;
  for await (const header of headersOf(files, name, { from: end, fileEnd })) {
    signal.throwIfAborted();
    if (header.position < end) continue;
    if (header.position > end) await gap(end, header.position, output);
    const batch = await batchOf(files, name, header, fileEnd);
    if (output.json) {
      await output.value(
        { segment: name, ...header, payload: batch.state, control: batch.control },
        { lines: true },
      );
    } else for (const line of batchLines(header, batch, output)) await output.line(line);
    end = batch.state === "right" ? endOf(header) : header.position + batchHeader.bytes;
  }
  if (end < fileEnd) await gap(end, fileEnd, output);
}

async function gap(from: number, to: number, output: Output): Promise<void> {
  if (output.json) await output.value({ gap: { from, to } }, { lines: true });
  else
    await output.line(
      output.paint.yellow(`\n  ${from} to ${to - 1}: ${bytesText(to - from)} that are no batch`),
    );
}

interface Batch {
  /** The 64 bytes. */
  readonly head: Uint8Array;
  readonly state: "right" | "wrong" | "cut off";
  readonly control: Control | undefined;
}

async function batchOf(files: Files, name: string, header: BatchHeader, fileEnd: number): Promise<Batch> {
  const head = new Uint8Array(batchHeader.bytes);
  await files.read(name, head, header.position);
  if (endOf(header) > fileEnd) return { head, state: "cut off", control: undefined };
  const payload = new Uint8Array(header.length);
  await files.read(name, payload, header.position + batchHeader.bytes);
  const view = new DataView(payload.buffer);
  const isRight = checksum(view, 0, payload.length) === header.payloadChecksum;
  const isControl = isRight && (header.attributes & attribute.control) !== 0;
  const control = isControl ? decodeControl(new ByteReader(payload, view, 0, payload.length)) : undefined;
  return { head, state: isRight ? "right" : "wrong", control };
}

/** Fields of a header: where each begins, and its name. */
type Ruler = readonly (readonly [at: number, name: string])[];

const segmentRuler: Ruler = [
  [0, "magic"],
  [4, "ver."],
  [6, "len."],
  [8, "topic"],
  [28, "part."],
];
const batchRulers: readonly Ruler[] = [
  [
    [0, "checksum"],
    [4, "length"],
    [8, "position"],
    [12, "epoch"],
    [16, "base offset"],
    [24, "count"],
    [28, "attr"],
    [30, "0"],
  ],
  [
    [32, "base timestamp"],
    [40, "max timestamp"],
    [48, "payload"],
    [52, "previous"],
    [56, "waterm."],
    [60, "0"],
  ],
];

function segmentLines(name: string, fileEnd: number, head: Uint8Array, { paint }: Output): string[] {
  return [
    paint.bold(`${name}  ${bytesText(fileEnd)}`),
    ...ruled(head, segmentRuler, 0, segmentHeader.bytes, paint.dim),
  ];
}

function batchLines(header: BatchHeader, { head, state, control }: Batch, { paint }: Output): string[] {
  const { position, baseOffset, count, length, epoch, watermark, baseTimestamp } = header;
  const what = control === undefined ? rangeText(baseOffset, baseOffset + count) : controlText(control);
  const size = `${batchHeader.bytes} + ${length} bytes`;
  const flushed = watermark === 0 ? "" : `, flushed up to ${watermark}`;
  const payload = state === "right" ? "" : paint.red(`  the payload is ${state}`);
  return [
    "",
    `  ${paint.bold(`at ${position}`)}  ${what}  ${timeText(baseTimestamp)}  ${size}, epoch ${epoch}${flushed}${payload}`,
    ...ruled(head, batchRulers[0]!, 0, 32, paint.dim),
    ...ruled(head, batchRulers[1]!, 32, 64, paint.dim),
  ];
}

/** Three lines: positions, names, and bytes in hexadecimal. */
function ruled(
  bytes: Uint8Array,
  ruler: Ruler,
  from: number,
  to: number,
  dim: (text: string) => string,
): string[] {
  const cells = ruler.map(([at, name], index) => {
    const end = ruler[index + 1]?.[0] ?? to;
    const width = Math.max((end - at) * 2, name.length, String(at).length);
    const hex = hexText(bytes.subarray(at, end));
    return [String(at).padEnd(width), name.padEnd(width), hex.padEnd(width)];
  });
  const [positions, names, hex] = [0, 1, 2].map((row) =>
    `    ${cells.map((cell) => cell[row]).join(" ")}`.trimEnd(),
  );
  return from === to ? [] : [dim(positions!), dim(names!), hex!];
}

function controlText(control: Control): string {
  switch (control.kind) {
    case "start": {
      const { link, ordinal, topic } = control;
      const linked =
        link === undefined ? "no link" : `continues ${link.base} (epoch ${link.epoch}) at ${link.end}`;
      return `start of segment ${ordinal} of ${shownText(new TextEncoder().encode(topic))}, ${linked}`;
    }
    case "seal":
      return `seal, goes on with offset ${control.base} in epoch ${control.epoch}`;
    case "first":
      return `first offset is ${control.first}`;
    case "close":
      return "close";
    case "lost":
      return `${control.count} offsets lost`;
    default:
      return "a control record that this release does not know";
  }
}
