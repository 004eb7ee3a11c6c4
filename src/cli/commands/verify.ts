/** `verify`: checks every byte, and says what is wrong and where. */
import type { SegmentReport, VerifyProgress, VerifyReport } from "../../engine/verify.ts";
import { verify as verifyLog } from "../../verify.ts";
import { type Found, logsBelow, noLogIn } from "../address.ts";
import { type Command, exit, type Invocation } from "../command.ts";
import { type Holder, holderOf } from "../holder.ts";
import type { Output } from "../output.ts";
import { bytesText, countText, durationText, rangeText } from "../text.ts";

export const verify: Command = {
  name: "verify",
  summary: "check every byte of a segment, a log, or all logs in a folder",
  usage: "<dir|log|segment>",
  arity: [1, 1],
  flags: {},
  about: [
    "It changes nothing. Exit codes: 0 sound, 1 torn tail only, 2 corrupt, 3 usage or input/output.",
    "torn: the last write did not reach the disk whole, or was damaged later: nothing shows that it was flushed.",
    "corrupt, missing: bytes, or a whole segment, that were once flushed are not there any more.",
    "superseded: sound, with bytes behind the end that a later segment has replaced.",
  ],
  examples: ["./data", "./data/orders/0", "./data/orders/0/00000000000000000000.wal", "./data --json"],
  async run(invocation) {
    const { output, positionals } = invocation;
    const logs = logsBelow(positionals[0]!);
    if (logs.length === 0) throw noLogIn(positionals[0]!);
    const results: Result[] = [];
    for (const log of logs) {
      const result = await verifyOne(log, invocation);
      results.push(result);
      if (!output.json) await print(result, output);
    }
    if (output.json) {
      const values = results.map(({ log, verdict, report }) => ({ log: log.path, ...report, verdict }));
      await output.value(values.length === 1 ? values[0] : values);
    }
    const codes = results.map(({ verdict }) => codeOf[verdict]);
    // Corruption outweighs what could not be read.
    return codes.includes(exit.corrupt) ? exit.corrupt : Math.max(...codes);
  },
};

const codeOf = { sound: exit.fine, torn: exit.torn, corrupt: exit.corrupt, error: exit.trouble } as const;

interface Result {
  readonly log: Found;
  readonly report: VerifyReport;
  readonly verdict: VerifyReport["verdict"];
  readonly holder: Holder | undefined;
}

async function verifyOne(log: Found, { output, signal }: Invocation): Promise<Result> {
  const began = Date.now();
  const whole = await verifyLog(log.address, {
    signal,
    progress(progress) {
      if (progress.bytesTotal < barBytesMin) return;
      output.progress(progressText(log, progress, Date.now() - began));
    },
  });
  output.progress("");
  const holder = holderOf(log.path);
  const report = log.segment === undefined ? whole : only(whole, log.segment);
  // While somebody writes, the end is always unfinished.
  const verdict = report.verdict === "torn" && holder?.certain === true ? "sound" : report.verdict;
  return { log, report, verdict, holder };
}

/** What was found of one segment: the others were needed to judge it. */
function only(report: VerifyReport, segment: string): VerifyReport {
  const segments = report.segments.filter((each) => each.segment === segment);
  const [{ verdict, first, next, records, bytes } = segments[0]!] = segments;
  const of = { missing: "corrupt", superseded: "sound", unborn: "torn" } as const;
  const known = verdict in of ? of[verdict as keyof typeof of] : (verdict as VerifyReport["verdict"]);
  return {
    ...report,
    segments,
    verdict: known,
    first: first ?? 0,
    next: next ?? 0,
    records,
    bytes,
    foreign: [],
  };
}

async function print({ log, report, verdict, holder }: Result, output: Output): Promise<void> {
  const { bold, dim } = output.paint;
  const { segments, records, first, next, bytes, foreign } = report;
  const what = `${countText(segments.length, "segment")}, ${bytesText(bytes)}, ${countText(records, "record")}`;
  await output.line(`${bold(log.path)}  ${what}${records === 0 ? "" : `, ${rangeText(first, next)}`}`);
  for (const line of linesOf(segments, output)) await output.line(`  ${line}`);
  for (const name of foreign) await output.line(dim(`  ${name} is none of the log's files`));
  await output.line(`  ${conclusion(report, verdict, holder, log, output)}`);
}

/** Long sequences of sound segments are told in one line. */
function linesOf(segments: readonly SegmentReport[], output: Output): string[] {
  const lines: string[] = [];
  for (let index = 0; index < segments.length;) {
    const end = segments.findIndex((each, at) => at >= index && each.verdict !== "sound");
    const count = (end === -1 ? segments.length : end) - index;
    if (count > 3) {
      const [first, last] = [segments[index]!, segments[index + count - 1]!];
      lines.push(`${label("sound", output)}  ${count} segments, ${rangeText(first.first, last.next)}`);
      index += count;
    } else lines.push(...segmentLines(segments[index++]!, output));
  }
  return lines;
}

function segmentLines(report: SegmentReport, output: Output): string[] {
  const { segment, verdict, first, next, damages, replaced, reason } = report;
  const indent = " ".repeat(12);
  const what = reason === undefined ? rangeText(first, next) : `${rangeText(first, next)}: ${reason}`;
  const lines = [`${label(verdict, output)}  ${segment ?? "(no file)"}  ${what}`];
  for (const { position, first: from, next: to, reason: why, flipped } of damages) {
    const isLost = verdict !== "torn" && verdict !== "error" && to !== from;
    const lost = isLost ? `; lost: ${rangeText(from, to)}` : "";
    lines.push(`${indent}at position ${position}: ${why}${lost}`);
    if (flipped === undefined) continue;
    lines.push(`${indent}one flipped bit would explain it: bit ${flipped.bit} of byte ${flipped.position}`);
  }
  if (replaced !== undefined) {
    const range = rangeText(replaced.first, replaced.next);
    lines.push(`${indent}from position ${replaced.position}: ${range} as they were before a later segment`);
  }
  return lines;
}

function label(verdict: SegmentReport["verdict"], { paint }: Output): string {
  const text = verdict.padEnd(10);
  if (verdict === "sound") return paint.green(text);
  if (verdict === "superseded") return paint.dim(text);
  return verdict === "torn" || verdict === "unborn" ? paint.yellow(text) : paint.red(text);
}

function conclusion(
  report: VerifyReport,
  verdict: VerifyReport["verdict"],
  holder: Holder | undefined,
  { path }: Found,
  { paint }: Output,
): string {
  if (verdict === "sound") {
    if (report.verdict === "sound") return paint.green("sound: every byte is as it was written");
    return paint.green(
      `sound: process ${holder!.pid} is writing, and what lies behind the last record is not part of the log`,
    );
  }
  if (verdict === "torn") {
    return paint.yellow("torn: nothing shows that the end was ever flushed; opening the log cuts it off");
  }
  if (verdict === "error")
    return paint.red("error: a part could not be read, which says nothing about its bytes");
  return paint.red(`corrupt: what was flushed is damaged or gone; see walkabout salvage ${path} --dry-run`);
}

const barCells = 24;
/** Less than this is checked before anybody has looked. */
const barBytesMin = 32 * 1024 * 1024;

function progressText({ path }: Found, { bytes, bytesTotal }: VerifyProgress, ms: number): string {
  const part = bytesTotal === 0 ? 1 : bytes / bytesTotal;
  const cells = Math.round(part * barCells);
  const bar = "█".repeat(cells).padEnd(barCells, "·");
  const rate = bytes / Math.max(1, ms);
  const left = ms < 500 ? "" : `, ${durationText((bytesTotal - bytes) / rate)} left`;
  return `${bar} ${Math.floor(part * 100)} % of ${bytesText(bytesTotal)}, ${bytesText(rate * 1000)}/s${left}  ${path}`;
}
