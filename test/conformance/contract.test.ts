/** The suites quote what is really written, and every sentence they hold ready is tried by a check. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Clause } from "../../src/conformance/index.ts";
import * as log from "../../src/conformance/log/contract.ts";
import * as storage from "../../src/conformance/storage/contract.ts";

const root = new URL("../../", import.meta.url);
const flat = (text: string): string => text.replaceAll(/\n\s*\*?\s*/g, " ").replaceAll(/\s+/g, " ");
const groups = (contract: object): [string, Record<string, Clause>][] => Object.entries(contract);
const clauses = [storage, log].flatMap((contract) =>
  groups(contract).flatMap(([, group]) => Object.values(group)),
);

test.each(clauses)("quotes: $says", ({ says, where }) => {
  const file = /[\w./-]+\.(ts|md)$/.exec(where)![0];
  expect(flat(readFileSync(new URL(file, root), "utf8"))).toContain(says);
});

test.each([
  ["storage", storage],
  ["log", log],
])("every sentence of the %s's contract is quoted by a check", (folder, contract) => {
  const folderUrl = new URL(`src/conformance/${folder}/`, root);
  const names = readdirSync(folderUrl).filter((name) => name !== "contract.ts");
  const source = [...names.map((name) => new URL(name, folderUrl)), new URL("src/conformance/bench.ts", root)]
    .map((url) => readFileSync(url, "utf8"))
    .join("\n");
  const unused = groups(contract).flatMap(([group, says]) =>
    Object.keys(says)
      .map((name) => `contract.${group}.${name}`)
      .filter((name) => !new RegExp(`${name.replaceAll(".", "\\.")}\\b`).test(source)),
  );
  expect(unused).toEqual([]);
});

/** What no check can see from outside, and why. */
const untried: Readonly<Record<string, string>> = {
  "What a completed `write` survives": "it needs the death of the program: test/browser/accidents.mjs",
  "Without it, `os`": "it is a default",
  "No answer stands for": "it is a default",
  "It may jump.": "it is a freedom",
  "Milliseconds since some fixed moment.": "any numbers that grow are",
  "More than 1 promises that": "it needs a disk that fails: test/node/write-errors.test.ts",
  "Asking for more is a programming error.": "it binds the engine",
  "`reuse` says that": "it binds the engine",
  "Handles of this place on the file are closed before.": "it binds the engine",
  "Its files are closed before.": "it binds the engine",
  "a backend may, but need not, recycle": "it is a freedom",
  "A flush that overlaps": "it is a freedom",
  "It does not flush.": "it is a freedom",
  "Every earlier call has been answered before.": "it binds the engine",
  "A flat folder of files.": "it is a heading",
  "Opened for writing, it is ours alone until it is closed.": "the lock says it in full",
  "Any answer but `source.length` is a failed write.": "it binds the engine",
  "The only durability verb.": "it is a heading",
  "It is asked for by work that makes room": "it binds the engine",
};

test("every sentence of the seam is quoted by a check, or is known to be out of reach", () => {
  const source = readFileSync(new URL("src/storage.ts", root), "utf8");
  const members = source.slice(source.indexOf("export interface OpenPlaceOptions"));
  const comments = [...members.matchAll(/\/\*\*(.*?)\*\//gs)].map(([, text]) => flat(` ${text}`).trim());
  const sentences = comments.flatMap((text) => text.split(/(?<=\.)\s+(?=[A-Z`])/));
  const says = Object.values(groups(storage)).flatMap(([, group]) => Object.values(group));
  const unknown = sentences.filter(
    (sentence) =>
      !says.some((clause) => clause.says.includes(sentence) || sentence.includes(clause.says)) &&
      !Object.keys(untried).some((begin) => sentence.includes(begin)),
  );
  expect(unknown).toEqual([]);
  const gone = Object.keys(untried).filter((begin) => !sentences.some((each) => each.includes(begin)));
  expect(gone).toEqual([]);
});
