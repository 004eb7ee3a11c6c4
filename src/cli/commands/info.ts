/** `info`: one log, with a picture of its segments. */
import { Files } from "../../engine/files.ts";
import { survey, type Part } from "../../engine/survey.ts";
import { pathOf } from "../../format/names.ts";
import { type Found, logAt } from "../address.ts";
import { type Command, exit, exitOf } from "../command.ts";
import { holderText } from "../holder.ts";
import { summaryOf } from "../survey.ts";
import { ageText, bytesText, countText, rangeText, timeText } from "../text.ts";

export const info: Command = {
  name: "info",
  summary: "one log, with a picture of its segments",
  usage: "<log>",
  arity: [1, 1],
  flags: {},
  about: ["It reads the beginnings of segments and the last one. To check every byte, use walkabout verify."],
  examples: ["./data/orders/0", "./data/orders/0 --json"],
  async run({ positionals: [path], output }) {
    const log = logAt(path!);
    const summary = await summaryOf(log);
    const segments = await segmentsOf(log, summary.next);
    const code = summary.error === undefined ? exit.fine : exitOf(summary.error.code);
    if (output.json) {
      await output.value({ ...summary, list: segments });
      return code;
    }
    const { first, next, durable, bytes, modified, holder, error } = summary;
    const { bold, dim, red } = output.paint;
    await output.line(`${bold(log.path)}  topic ${summary.topic}, partition ${summary.partition}`);
    if (error === undefined) {
      const held = first === next ? `no records, the next offset is ${next}` : `${rangeText(first, next)}`;
      const proven = durable === next ? "" : `, proven to be flushed before ${durable}`;
      await output.line(`  ${held}${proven}`);
    } else await output.line(`  ${red(error.message)}`);
    const written = modified === undefined ? "" : `, last written ${ageText(Date.now() - modified)}`;
    const created = segments[0]?.created;
    const since = created === undefined ? "" : `, begun ${timeText(created).slice(0, 19)}Z`;
    await output.line(`  ${countText(summary.segments, "segment")}, ${bytesText(bytes)}${since}${written}`);
    await output.line(
      `  ${holder === undefined ? "nobody holds the lock" : `locked by ${holderText(holder)}`}`,
    );
    if (segments.length === 0) return code;
    await output.line();
    const [boxes, offsets] = picture(segments, Math.min(output.width ?? 80, 100) - 4);
    await output.line(`  ${boxes}`);
    await output.line(`  ${dim(offsets!)}`);
    return code;
  },
};

interface Box {
  readonly segment: string | undefined;
  readonly state: "live" | "broken" | "missing";
  readonly first: number;
  readonly next: number | undefined;
  readonly created: number | undefined;
}

async function segmentsOf({ address }: Found, end: number | undefined): Promise<Box[]> {
  const place = (await address.storage.open(pathOf(address.topic, address.partition), { mode: "read" }))!;
  const label = `${address.topic}/${address.partition}`;
  const files = new Files(place, label);
  try {
    const { parts } = await survey(files, { topic: address.topic, partition: address.partition, label });
    return parts.map((part, index) => boxOf(part, parts[index + 1], end));
  } finally {
    await files.abandon();
    await place.close();
  }
}

function boxOf(part: Part, following: Part | undefined, end: number | undefined): Box {
  const next = following === undefined ? end : startOf(following);
  const first = startOf(part);
  if (part.kind === "live") {
    return { segment: part.segment.name, state: "live", first, next, created: part.segment.start.created };
  }
  const segment = part.kind === "broken" ? part.name : undefined;
  return { segment, state: part.kind, first, next, created: undefined };
}

function startOf(part: Part): number {
  return part.kind === "live" ? part.segment.base : (part.first ?? 0);
}

/** One box a segment, as wide as it has records; of many segments, some share a box. */
function picture(segments: readonly Box[], width: number): [string, string] {
  const shown =
    segments.length * 3 < width ? segments : everyFew(segments, Math.ceil((segments.length * 3) / width));
  const counts = shown.map(({ first, next }) => Math.max(0, (next ?? first) - first));
  const total = Math.max(
    1,
    counts.reduce((sum, count) => sum + count, 0),
  );
  const room = width - shown.length * 2 - 1;
  let boxes = "";
  let offsets = "";
  shown.forEach(({ state, first }, index) => {
    const cells = 1 + Math.floor((counts[index]! / total) * Math.max(0, room - shown.length));
    if (offsets.length <= boxes.length) offsets = `${offsets.padEnd(boxes.length)}${first} `;
    const fill = { live: "█", broken: "x", missing: " " }[state];
    boxes += `[${fill.repeat(cells)}]`;
  });
  return [boxes, offsets.trimEnd()];
}

function everyFew(segments: readonly Box[], few: number): Box[] {
  const joined: Box[] = [];
  for (let index = 0; index < segments.length; index += few) {
    const group = segments.slice(index, index + few);
    const worst = group.find(({ state }) => state !== "live") ?? group[0]!;
    joined.push({ ...group[0]!, state: worst.state, next: group.at(-1)!.next });
  }
  return joined;
}
