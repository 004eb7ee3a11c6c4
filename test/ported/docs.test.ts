/** The list of what was taken over is complete, and its counts are right. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const docs = read("../../docs/ported-cases.md");
const rowsIn = (heading: string): number => {
  const section = docs.split("\n## ").find((each) => each.startsWith(`${heading}\n`))!;
  return section.split("\n").filter((line) => line.startsWith("| ")).length - 2;
};

test.each(["leveldb", "etcd", "raft-wal", "tidwall"])("every row of %s is in the list", (suite) => {
  const source = read(`${suite}.test.ts`);
  const names = [...source.matchAll(/name: "([^"]+)",\s*there/g)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(4);
  expect(names.filter((name) => !docs.includes(`| ${name} |`))).toEqual([]);
});

test("every case of the offline queues is in the list", () => {
  const names = [...read("queues.test.ts").matchAll(/^test\("([^"]+)"/gm)].map(([, name]) => name!);
  expect(names.filter((name) => !docs.includes(`| ${name} |`))).toEqual([]);
  expect(names).toHaveLength(rowsIn("Offline queues"));
});

test("every script of Pebble's is in the list, with each kind of damage", () => {
  const names = [...read("pebble.test.ts").matchAll(/name: "([^"]+)",\s*there/g)].map(([, name]) => name!);
  const kinds = ["a payload", "a header", "an older epoch", "another format", "zeros"];
  const rows = names.flatMap((name) => kinds.map((kind) => `| ${name} (${kind}) |`));
  expect(rows.filter((row) => !docs.includes(row))).toEqual([]);
  expect(rows).toHaveLength(rowsIn("Pebble"));
});

test("the counts are those of the tables", () => {
  const counts = [
    "LevelDB",
    "etcd",
    "Pebble",
    "raft-wal, recovery",
    "raft-wal, opening",
    "tidwall/wal, corrupted tail",
  ];
  expect(counts.map(rowsIn)).toEqual([24, 27, 55, 15, 13, 5]);
});
