/** What `verify`, `openLog` and `salvage` said, in words and in the colours of the verdicts. */
import type { RecoveryReport, SegmentReport, VerifyReport } from "../../src/index.ts";
import type { Outcome } from "./damage.ts";
import { counted, element, plural } from "./dom.ts";
import type { Autopsy } from "./kill.ts";
import { needLateStyle } from "./late-style.ts";

export function outcomeView({ did, verified, recovery, refusal, salvaged }: Outcome): Node[] {
  const nodes: Node[] = [
    element("h3", {}, "What recovery says of the copy"),
    element("p", {}, did),
    ...verifiedView(verified),
  ];
  if (recovery !== undefined) nodes.push(recoveryView(recovery));
  if (refusal !== undefined) {
    nodes.push(
      element(
        "p",
        {},
        element("b", {}, recovery === undefined ? "Opening it was refused: " : "Reading it stopped: "),
        element("code", {}, refusal),
      ),
    );
  }
  if (salvaged !== undefined) {
    const { kept, lost } = salvaged;
    nodes.push(
      element(
        "p",
        {},
        element("b", {}, "Salvage: "),
        `${plural(countOf(kept), "record")} kept in a new log, ${counted(countOf(lost))} lost`,
        rangesText(lost),
        ".",
      ),
    );
  }
  return nodes;
}

export function autopsyView({ verified, recovery }: Autopsy): Node[] {
  const did =
    "The worker was killed between a write and its flush. This is no copy: it is how the log of this tab was found, and opened again.";
  return [
    element("h3", {}, "What recovery says of the log of this tab"),
    element("p", {}, did),
    ...verifiedView(verified),
    recoveryView(recovery),
  ];
}

function verifiedView({ verdict, segments, records }: VerifyReport): Node[] {
  needLateStyle();
  const list = element("ul", { class: "verdicts" });
  for (const each of segments.filter(hasMore)) list.append(segmentView(each));
  const sound = segments.filter((each) => !hasMore(each)).length;
  if (sound > 0)
    list.append(element("li", {}, badge("sound"), ` ${plural(sound, "segment")} without a fault`));
  return [
    element("p", {}, element("b", {}, "Checked: "), badge(verdict), ` ${plural(records, "record")} readable`),
    list,
  ];
}

function segmentView({ segment, verdict, damages, replaced, reason }: SegmentReport): HTMLLIElement {
  const item = element(
    "li",
    {},
    badge(replaced === undefined ? verdict : "superseded"),
    " ",
    element("code", {}, segment ?? "a segment that is not there"),
  );
  if (reason !== undefined) item.append(`: ${reason}`);
  if (replaced !== undefined) {
    item.append(
      `: the records from offset ${counted(replaced.first)} on, at position ${counted(replaced.position)}, are replaced by a later epoch`,
    );
  }
  for (const { position, reason: why, flipped, first, next } of damages) {
    const lost = next === undefined || next === first ? "" : `; ${rangeText({ first, next })}`;
    item.append(`: at position ${counted(position)}, ${why}${lost}. `);
    if (flipped !== undefined) {
      item.append(
        element("b", {}, `One flipped bit explains it: bit ${flipped.bit} of byte ${flipped.position}.`),
      );
    }
  }
  return item;
}

function recoveryView({ verdict, next, torn, rewritten, segments }: RecoveryReport): HTMLElement {
  const parts: string[] = [];
  if (torn !== undefined)
    parts.push(`cut ${plural(torn.bytes, "byte")} at ${counted(torn.position)} of ${torn.segment}`);
  if (rewritten !== undefined) {
    parts.push(`rewrote ${rangeText(rewritten)} into a fresh segment and flushed it`);
  }
  parts.push(`the log goes on with offset ${counted(next)} in ${plural(segments, "segment")}`);
  return element("p", {}, element("b", {}, "Opened: "), badge(verdict), ` ${parts.join("; ")}.`);
}

function badge(verdict: string): HTMLElement {
  const tone =
    verdict === "missing" || verdict === "error" ? "corrupt" : verdict === "unborn" ? "torn" : verdict;
  return element("span", { class: `badge ${tone}` }, verdict);
}

function rangesText(ranges: readonly Offsets[]): string {
  if (ranges.length === 0) return "";
  return ` (${ranges.map(rangeText).join(", ")})`;
}

function rangeText({ first, next }: Offsets): string {
  return next === first + 1
    ? `offset ${counted(first)}`
    : `offsets ${counted(first)} to ${counted(next - 1)}`;
}

interface Offsets {
  readonly first: number;
  readonly next: number;
}

function countOf(ranges: readonly Offsets[]): number {
  return ranges.reduce((sum, { first, next }) => sum + next - first, 0);
}

/** Whether there is more to say than that it is sound. */
function hasMore({ verdict, replaced }: SegmentReport): boolean {
  return verdict !== "sound" || replaced !== undefined;
}
