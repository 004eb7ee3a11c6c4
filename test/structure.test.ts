/**
 * The shape of the source tree: which folder may import from which, and how long a file may be. The
 * compiler guards the rest, see src/tsconfig.json.
 */
import { readdirSync, readFileSync } from "node:fs";
import { posix, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAst } from "vite";
import { expect, test } from "vitest";
import { controls } from "./sim/controls.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const LINES_MAX = 300;

/** Contracts without code, which every folder may know. */
const contracts = ["src/storage.ts", "src/record.ts"];

const sources = ["src", "adapters"].flatMap((folder) =>
  readdirSync(root + folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name.split(sep).join("/")}`),
);

const read = (file: string) => readFileSync(root + file, "utf8");
const parse = (file: string) => parseAst(read(file), { lang: "ts" });

/** Who uses a log does not load the suites that test one. */
const core = ["src/format/", "src/engine/", ...sources.filter((file) => /^src\/[^/]+$/.test(file))];

/** The command-line tool is a program of its own on top of everything, and nobody imports it. */
const tool = [
  "src/cli/",
  ...core,
  "src/storage.ts",
  "src/receiver/index.ts",
  "adapters/node/",
  "adapters/node-http/",
  "node:",
];

/** What the adapters know of the world: their runtime, libraries, and what those of the web have in common. */
const platforms: Record<string, readonly string[]> = {
  "adapters/node": ["node:"],
  "adapters/node-http": ["node:", "src/receiver/index.ts"],
  "adapters/opfs": ["adapters/web/"],
  "adapters/browser": ["adapters/web/", "adapters/opfs/", "adapters/indexeddb/"],
  "adapters/indexeddb": ["adapters/web/", "idb"],
};

/** What a file may import: folders (ending in a slash), files, and `node:` as a prefix. */
function allowedFor(file: string): string[] {
  if (file.startsWith("src/format/")) return ["src/format/", "src/errors.ts", "src/record.ts"];
  if (file.startsWith("src/conformance/")) {
    return ["src/conformance/", "src/index.ts", "src/storage.ts", "src/errors.ts"];
  }
  if (file.startsWith("src/wire/")) return ["src/wire/", "src/record.ts"];
  for (const layer of ["src/outbox/", "src/receiver/"]) {
    if (file.startsWith(layer))
      return [layer, "src/wire/", "src/index.ts", ...contracts, "src/errors.ts", "src/queue.ts"];
  }
  if (file.startsWith("src/cli/")) return tool;
  if (file.startsWith("src/")) return core;
  const own = file.split("/").slice(0, 2).join("/");
  return ["src/storage.ts", "src/errors.ts", `${own}/`, ...(platforms[own] ?? [])];
}

/** Every module that a file names: in imports, static or not, in re-exports and in `import("…")` types. */
function importsOf(file: string): string[] {
  const found: string[] = [];
  visit(parse(file), (node) => {
    if (!/^(Import|Export\w+)Declaration$|^ImportExpression$|^TSImportType$/.test(String(node.type))) return;
    const { source } = node as { source?: { value?: unknown } | null };
    if (source) found.push(typeof source.value === "string" ? source.value : "(not a literal)");
  });
  return found.map((name) => (name.startsWith(".") ? posix.join(posix.dirname(file), name) : name));
}

function visit(node: unknown, look: (node: Record<string, unknown>) => void): void {
  if (typeof node !== "object" || node === null) return;
  if ("type" in node) look(node as Record<string, unknown>);
  for (const child of Object.values(node)) visit(child, look);
}

/** Whether a statement is gone after compilation. */
function isTypeOnly(node: object): boolean {
  return (
    ("exportKind" in node && node.exportKind === "type") ||
    ("importKind" in node && node.importKind === "type")
  );
}

test("each folder imports only what it may know", () => {
  const strangers = sources.flatMap((file) =>
    importsOf(file)
      .filter((name) => !allowedFor(file).some((prefix) => name.startsWith(prefix)))
      .map((name) => `${file} imports ${name}`),
  );
  expect(strangers).toEqual([]);
});

test("the contracts hold no code", () => {
  const code = contracts.flatMap((file) =>
    parse(file)
      .body.filter((node) => !isTypeOnly(node))
      .map((node) => `${file} has a ${node.type}`),
  );
  expect(code).toEqual([]);
});

test(`no source file is over ${LINES_MAX} lines`, () => {
  const long = sources.filter((file) => read(file).split("\n").length - 1 > LINES_MAX);
  expect(long).toEqual([]);
});

test("this file sees imports where they are", () => {
  expect(importsOf("test/structure.test.ts")).toEqual([
    "node:fs",
    "node:path",
    "node:url",
    "vite",
    "vitest",
    "test/sim/controls.mjs",
  ]);
});

test("every mistake that the searches have to find can be made", () => {
  const impossible = controls.flatMap(({ name, changes }) =>
    changes.filter(([file, from]) => !read(file).includes(from)).map(() => name),
  );
  expect(impossible).toEqual([]);
});

test("the lock file names no registry", () => {
  expect(read("package-lock.json")).not.toContain('"resolved"');
});
