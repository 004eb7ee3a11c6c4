/** Every example of every `--help`, typed as it stands there, in a folder where it makes sense. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ended, hasTerminal, said, Workshop } from "./tool.ts";

/** What is asked on the terminal. */
const asking = /^walkabout (truncate|retain) (?!.*--yes)/;
/** What goes on until Ctrl-C, and what it says when it is under way. */
const endless: readonly [RegExp, out: string][] = [
  [/^walkabout serve/, "walkabout serves"],
  [/^walkabout tail .*-f/, "record"],
];

/** A folder in which there is what the examples speak of. */
async function prepared(): Promise<Workshop> {
  const shop = new Workshop();
  const log = await shop.log("orders", 0);
  const key = "ada";
  await log.appendBatch(Array.from({ length: 2500 }, (_, index) => ({ key, value: `record ${index}` })));
  await log.close();
  writeFileSync(shop.path("lines.txt"), "one\ntwo\n");
  writeFileSync(shop.path("records.jsonl"), '{"key":"ada","value":"one"}\n{"value":{"total":12}}\n');
  writeFileSync(shop.path("token"), "what-senders-know\n");
  mkdirSync(shop.path("disk"));
  await shop.run(["export", "data/orders/0", "--to", "archive.tar"]);
  return shop;
}

async function examples(): Promise<string[]> {
  const { out } = await new Workshop().run(["--help"]);
  const names = [...out.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(10);
  const helps = await Promise.all(names.map((name) => new Workshop().run([name, "--help"])));
  return helps.flatMap((help) => {
    const lines = help.out.split("Examples\n")[1]!.trimEnd().split("\n");
    return lines.map((line) => line.trim());
  });
}

async function runExample(shop: Workshop, example: string): Promise<void> {
  if (example.startsWith("walkabout import")) {
    await shop.shell("mv archive.tar orders.tar");
    rmSync(shop.path("data"), { recursive: true });
  }
  const underWay = endless.find(([pattern]) => pattern.test(example))?.[1];
  // The measurements of a disk are shorter here, and the port is one that is free.
  const typed = example
    .replace(/^(walkabout bench.*)/, "$1 --seconds 1")
    .replace(/^(walkabout serve(?!.*--port).*)/, "$1 --port 0");
  if (asking.test(example)) {
    if (!hasTerminal) return;
    const { code, out } = await shop.terminal(typed, { input: "y\n" });
    expect([code, out], example).toEqual([0, expect.stringContaining("records removed")]);
    return;
  }
  const child = shop.startShell(typed);
  const end = ended(child);
  if (underWay !== undefined) {
    await Promise.race([said(child.stdout, underWay), end]);
    process.kill(-child.pid!, "SIGINT");
  }
  const { code, out, err } = await end;
  expect([code, err], example).toEqual([0, ""]);
  if (!/ > /.test(example)) expect(out, example).not.toBe("");
  if (/--json\b/.test(example)) for (const value of values(example, out)) JSON.parse(value);
}

/** The values in an answer: records, and what else is told one after the other, are a line each. */
function values(example: string, out: string): string[] {
  return /^walkabout (cat|tail|dump)/.test(example) ? out.trimEnd().split("\n") : [out];
}

test("every example of every help does what one expects of it", { timeout: 240_000 }, async () => {
  const all = await examples();
  expect(all.length).toBeGreaterThan(25);
  const model = await prepared();
  for (const example of all) {
    const shop = new Workshop();
    cpSync(model.folder, shop.folder, { recursive: true });
    await runExample(shop, example);
  }
});
