/** `salvage`: copies what is readable of a damaged log to a new folder. */
import { join, relative, resolve } from "node:path";
import { nodeStorage } from "../../../adapters/node/storage.ts";
import { type Evidences, gather } from "../../engine/evidence.ts";
import { Files } from "../../engine/files.ts";
import { pathOf } from "../../format/names.ts";
import type { OffsetRange } from "../../salvage.ts";
import { salvage as salvageLog } from "../../salvage.ts";
import { type Found, logAt } from "../address.ts";
import { type Command, exit, UsageError } from "../command.ts";
import type { Output } from "../output.ts";
import { countText, rangeText } from "../text.ts";

export const salvage: Command = {
  name: "salvage",
  summary: "copy what is readable of a damaged log to a new folder",
  usage: "<log> --to <new dir>",
  arity: [1, 1],
  flags: {
    to: {
      type: "string",
      value: "<new dir>",
      help: "where <topic>/<partition> is made; no such log may be there",
    },
    "dry-run": { type: "boolean", help: "only say what would be kept and lost" },
  },
  about: [
    "It lists what is lost.",
    "The damaged log is only read. Records keep their offsets; those that are lost leave a gap.",
  ],
  examples: ["./data/orders/0 --dry-run", "./data/orders/0 --to ./rescued"],
  async run({ positionals: [path], flags, output, signal }) {
    const log = logAt(path!);
    const to = flags.get("to");
    if (flags.has("dry-run")) {
      const evidences = await evidencesOf(log);
      await tell(log, { ...rangesOf(evidences), problems: evidences.problems }, output);
      return exit.fine;
    }
    if (to === undefined) throw new UsageError("--to is missing: where to put the copy, or use --dry-run");
    if (!relative(resolve(log.path), resolve(to)).startsWith("..")) {
      throw new UsageError(`--to ${to} is in the damaged log, which is left as it is; name another folder`);
    }
    const { topic, partition } = log.address;
    signal.addEventListener("abort", () => {
      output.note("The copy is being finished; Ctrl-C once more leaves a part of it.");
    });
    const report = await salvageLog(log.address, { storage: nodeStorage(to), topic, partition });
    await tell(log, { ...report, to: join(to, ...pathOf(topic, partition)) }, output);
    return exit.fine;
  },
};

async function tell(log: Found, told: Told, output: Output): Promise<void> {
  if (output.json) return output.value({ log: log.path, ...told });
  const { kept, lost, problems, to } = told;
  for (const { segment, position, reason } of problems) {
    await output.line(`${segment} at position ${position}: ${reason}`);
  }
  const verb = to === undefined ? "would be kept" : "kept";
  await output.line(`${countText(sum(kept), "record")} ${verb}${listText(kept)}`);
  const losses = `${countText(sum(lost), "record")} lost${listText(lost)}`;
  await output.line(lost.length === 0 ? "nothing lost that is known of" : output.paint.red(losses));
  if (to !== undefined) await output.line(`the copy is ${to}`);
}

interface Told {
  readonly kept: readonly OffsetRange[];
  readonly lost: readonly OffsetRange[];
  readonly problems: Evidences["problems"];
  readonly to?: string;
}

async function evidencesOf({ address, path }: Found): Promise<Evidences> {
  const { storage, topic, partition } = address;
  const place = (await storage.open(pathOf(topic, partition), { mode: "read" }))!;
  const files = new Files(place, path);
  try {
    return await gather(files, { topic, partition, label: path });
  } finally {
    await files.abandon();
    await place.close();
  }
}

/** Runs one after the other, and the gaps between them. */
function rangesOf({ runs, first, next }: Evidences): { kept: OffsetRange[]; lost: OffsetRange[] } {
  const kept: OffsetRange[] = [];
  const lost: OffsetRange[] = [];
  let at = first;
  for (const run of runs) {
    const from = Math.max(run.first, at);
    if (run.next <= from) continue;
    if (from > at) lost.push({ first: at, next: from });
    const last = kept.at(-1);
    if (last?.next === from) kept[kept.length - 1] = { first: last.first, next: run.next };
    else kept.push({ first: from, next: run.next });
    at = run.next;
  }
  if (next > at) lost.push({ first: at, next });
  return { kept, lost };
}

function sum(ranges: readonly OffsetRange[]): number {
  return ranges.reduce((total, { first, next }) => total + next - first, 0);
}

const rangesMax = 20;

function listText(ranges: readonly OffsetRange[]): string {
  if (ranges.length === 0) return "";
  const shown = ranges.slice(0, rangesMax).map(({ first, next }) => rangeText(first, next));
  const more = ranges.length - shown.length;
  return `: ${shown.join(", ")}${more > 0 ? `, and ${more} more ranges (see --json)` : ""}`;
}
