/**
 * The report of the benchmarks, made from figures that are made up: nothing is measured here, and nothing of speed
 * is asserted.
 */
import { expect, test } from "vitest";
import { documentOf } from "../../bench/report/document.mjs";
import { judge } from "../../bench/report/goals.mjs";
import { markdownOf } from "../../bench/report/markdown.mjs";
import { pageOf } from "../../bench/report/page.mjs";
import { makeFigures, reason } from "./figures.ts";

const reportOf = (figures: object) => {
  const document = documentOf(figures);
  return { page: pageOf(document), markdown: markdownOf(document) };
};

const stateOf = (parts: object, name: string) =>
  judge(parts).find((goal: { name: string }) => goal.name.startsWith(name))?.state;

test("says everything that was measured, and why something was not", () => {
  const { page, markdown } = reportOf(makeFigures());
  for (const title of ["Durable appends", "Tail latency", "Opening", "In a Durable Object"]) {
    expect(markdown).toContain(`## ${title}`);
    expect(page).toContain(`<h2>${title}</h2>`);
  }
  expect(markdown).toContain("| walkabout | 0.90 (0.81–0.99) | 900 k/s |");
  expect(markdown).toContain("This could not be measured: no such module");
  expect(page).toContain("no such module &lt;node:sqlite&gt; | at all");
  expect(page).not.toContain(reason);
});

test("is a page that is whole, and asks for nothing else", () => {
  const { page } = reportOf(makeFigures());
  expect(unbalanced(page)).toEqual([]);
  expect(page).not.toMatch(/https?:|url\(|@import|<script|<link|<img|\ssrc=/);
  expect(page.match(/<svg/g)!.length).toBeGreaterThan(15);
});

test("has no figure that is none, and draws nothing outside of its frames", () => {
  const { page, markdown } = reportOf(makeFigures());
  expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  expect(markdown).not.toMatch(/NaN|undefined|Infinity|\[object/);
  for (const [plot, width, height] of page.matchAll(/<svg viewBox="0 0 (\S+) (\S+)".*?<\/svg>/gs)) {
    for (const [, axis, value] of plot.matchAll(/ c?([xy])[12]?="(-?[\d.]+)"/g)) {
      expect(Number(value)).toBeGreaterThanOrEqual(0);
      expect(Number(value)).toBeLessThanOrEqual(Number(axis === "x" ? width : height));
    }
  }
});

test("has as many cells in each row of a Markdown table as in its head", () => {
  const { markdown } = reportOf(makeFigures());
  const tables = markdown.split("\n\n").filter((part: string) => part.startsWith("|"));
  expect(tables.length).toBeGreaterThan(20);
  for (const table of tables) {
    const counts = table
      .trim()
      .split("\n")
      .map((line: string) => line.split(/(?<!\\)\|/).length);
    expect(new Set(counts).size, table).toBe(1);
  }
});

test("is made even when nothing could be measured", () => {
  const figures = makeFigures();
  const names = Object.keys(figures.parts);
  const parts = Object.fromEntries(names.map((name) => [name, { failed: "the disk is full" }]));
  const { page, markdown } = reportOf({ ...figures, parts });
  expect(unbalanced(page)).toEqual([]);
  expect(markdown.match(/This could not be measured: the disk is full/g)).toHaveLength(names.length);
  expect(judge(parts).every(({ state }: { state: string }) => state === "not measured")).toBe(true);
  expect(reportOf({ ...figures, parts: {} }).markdown).toContain("# Figures");
});

test("judges each goal by its figures", () => {
  const { parts } = makeFigures();
  expect(stateOf(parts, "one at a time, 100 B, of the raw loop (walkabout, blocking)")).toBe("reached");
  expect(stateOf(parts, "replay of values, of the raw loop")).toBe("reached");
  expect(stateOf(parts, "opening the largest log of 1,000 segments, killed")).toBe("reached");
  expect(stateOf(parts, "p99.9 of an answer under a steady load, times the raw p50 (walkabout)")).toBe(
    "reached",
  );
  expect(stateOf(parts, "memory while writing")).toBe("reached");
  for (const row of parts.open) if ("ms" in row && row.segments === 1000) row.ms.median = 21;
  expect(stateOf(parts, "opening the largest log of 1,000 segments, killed")).toBe("missed");
  parts.memory[0]!.writing.curve = [60, 70, 110, 110].map((each) => each * 2 ** 20);
  expect(stateOf(parts, "memory while writing")).toBe("missed");
});

test("compares with the best whose answer means disk, unless it was counted not to flush", () => {
  const { parts } = makeFigures();
  const name = "1,024 callers, 100 B: times the best";
  // rocksdb-native is faster than lmdb, and promises less.
  expect(judge(parts).find((goal: { name: string }) => goal.name.startsWith(name))?.actual).toBe("4.80");
  for (const row of parts.flushes) if (row.peer === "lmdb") row.serial = 0.01;
  expect(judge(parts).find((goal: { name: string }) => goal.name.startsWith(name))?.actual).toBe("19.2");
});

/** Tags that are not closed by the tag that closes next. */
function unbalanced(page: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [tag, slash, name] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
    if (tag.endsWith("/>") || name === "meta") continue;
    if (slash === "") open.push(name!);
    else if (open.pop() !== name) wrong.push(tag);
  }
  return [...wrong, ...open];
}
