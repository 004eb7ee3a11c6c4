/** What writes: append, truncate, retain, salvage, export, import, bench. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { corrupt, cutEnd, ended, Workshop } from "./tool.ts";

describe("append", () => {
  test("takes values, lines and JSON, and makes the log", async () => {
    const shop = new Workshop();
    const first = await shop.run(["append", "data/orders/0", "--key", "ada", "one", "two"]);
    expect(first).toMatchObject({ code: 0, out: "2 records appended: offsets 0 to 1, on disk\n", err: "" });
    expect((await shop.run(["append", "data/orders/0"], { input: "three\r\nfour" })).out).toContain("2 to 3");
    const line =
      '{"key":{"base64":"AP8="},"value":"five","headers":{"a":"b"},"kind":2,"timestamp":9,"offset":77}\n';
    const { out } = await shop.run(["append", "data/orders/0", "--jsonl", "--json"], { input: line });
    expect(JSON.parse(out)).toMatchObject({ offset: 4, durability: "disk" });
    const all = (await shop.run(["cat", "data/orders/0", "--json"])).out;
    const copied = await shop.run(["append", "data/copy/0", "--jsonl", "--atomic"], { input: all });
    expect(copied.out).toContain("5 records appended");
    expect((await shop.run(["cat", "data/copy/0", "--json"])).out).toBe(all);
    expect((await shop.run(["append", "data/orders/0"])).out).toBe("There was nothing to append.\n");
  });

  test("says who holds the lock", async () => {
    const shop = new Workshop();
    await shop.log("orders", 1);
    const { code, err } = await shop.run(["append", "data/orders/0", "x"]);
    expect([code, err]).toEqual([3, expect.stringContaining(`it is locked by process ${process.pid}`)]);
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  test("refuses what is no record, and what is no log", async () => {
    const shop = new Workshop();
    const bad = await shop.run(["append", "data/orders/0", "--jsonl"], {
      input: '{"value":"a"}\n{"value":1}\n',
    });
    expect([bad.code, bad.err]).toEqual([3, expect.stringContaining("record 2: value must be")]);
    const folder = await shop.run(["append", "data/orders", "x"]);
    expect([folder.code, folder.err]).toEqual([3, expect.stringContaining("<dir>/<topic>/<partition>")]);
  });

  test("says what it has cleared away", async () => {
    const shop = new Workshop();
    const names = await shop.closedLog("orders", 5);
    cutEnd(names[0]!, 20);
    writeFileSync(names[0]!.replace("00.wal", "05.wal"), "");
    const { code, out, err } = await shop.run(["append", "data/orders/0", "six"]);
    expect([code, out]).toEqual([0, "1 record appended: offset 5, on disk\n"]);
    expect(err).toMatch(
      /^data\/orders\/0: 0+\.wal held no whole record from position \d+ on; \d+ bytes were left out\n/,
    );
    expect(err).toMatch(/0+5\.wal was never finished being created, and was removed\n$/);
    expect((await shop.run(["append", "data/orders/0", "seven"])).err).toBe("");
  });

  test("has flushed what it had read when Ctrl-C ends it", async () => {
    const shop = new Workshop();
    const child = shop.start("append", "data/orders/0");
    const end = ended(child);
    child.stdin.write("one\ntwo\n");
    for (let ls = ""; !ls.includes("orders");)
      ls = (await shop.run(["ls", "data"]).catch(() => ({ out: "" }))).out;
    child.kill("SIGINT");
    expect((await end).code).toBe(130);
    expect((await shop.json("verify", "data/orders/0")).closed).toBe(true);
    expect((await shop.run(["append", "data/orders/0", "three"])).code).toBe(0);
  });
});

describe("truncate and retain", () => {
  test("remove for good what was said, with --yes", async () => {
    const shop = new Workshop();
    await shop.closedLog("orders", 30);
    const before = await shop.run(["truncate", "data/orders/0", "--before", "5", "--yes"]);
    expect(before.out).toBe("5 records removed from data/orders/0; it has offsets 5 to 29\n");
    expect(await shop.json("truncate", "data/orders/0", "--after", "19", "-y")).toMatchObject({
      removed: 10,
      next: 20,
    });
    expect(await shop.json("retain", "data/orders/0", "--max-bytes", "1k", "-y")).toMatchObject({
      first: 14,
    });
    expect((await shop.run(["verify", "data/orders/0"])).code).toBe(0);
  });

  test("change nothing where nobody can be asked", async () => {
    const shop = new Workshop();
    await shop.closedLog("orders", 30);
    const before = shop.snapshot("orders");
    const asked = await shop.run(["truncate", "data/orders/0", "--before", "5"]);
    expect([asked.code, asked.err]).toEqual([3, expect.stringContaining("--yes")]);
    expect((await shop.run(["retain", "data/orders/0", "--max-age", "1s"])).code).toBe(3);
    expect((await shop.run(["truncate", "data/orders/0", "--before", "31", "-y"])).code).toBe(3);
    expect((await shop.run(["truncate", "data/orders/0", "-y"])).code).toBe(3);
    expect(shop.snapshot("orders")).toEqual(before);
  });
});

describe("salvage", () => {
  test("copies what is readable, lists what is lost, and never touches the evidence", async () => {
    const shop = new Workshop();
    const names = await shop.closedLog("orders", 30);
    corrupt(names[1]!, 600);
    const before = shop.snapshot("orders");
    const dry = await shop.json("salvage", "data/orders/0", "--dry-run");
    const real = await shop.json("salvage", "data/orders/0", "--to", "rescued");
    expect(dry).toMatchObject({ kept: real.kept, lost: real.lost, problems: real.problems });
    expect(real).toMatchObject({ lost: [{ first: 18, next: 19 }], to: "rescued/orders/0" });
    expect(shop.snapshot("orders")).toEqual(before);
    expect((await shop.run(["verify", "rescued"])).code).toBe(0);
    expect((await shop.run(["cat", "rescued/orders/0"])).out.split("\n")).toHaveLength(30);
    const again = await shop.run(["salvage", "data/orders/0", "--to", "rescued"]);
    expect([again.code, again.err]).toEqual([3, expect.stringContaining("there is a log already")]);
    expect((await shop.run(["salvage", "data/orders/0"])).code).toBe(3);
  });
});

test("salvage finishes its copy behind Ctrl-C, and says so", async () => {
  const shop = new Workshop();
  const log = await shop.log("orders", 0);
  const value = new Uint8Array(2 ** 20).fill(1);
  for (let index = 0; index < 60; index++) await log.append({ value });
  await log.close();
  const child = shop.start("salvage", "data/orders/0", "--to", "rescued");
  const end = ended(child);
  while (!existsSync(shop.path("rescued/orders/0"))) await delay(1);
  child.kill("SIGINT");
  const { code, err } = await end;
  expect([code, err]).toEqual([0, "The copy is being finished; Ctrl-C once more leaves a part of it.\n"]);
  expect(await shop.json("verify", "rescued")).toMatchObject({ verdict: "sound", closed: true, records: 60 });
});

describe("export and import", () => {
  test("make one file of a log, and the same log of it", async () => {
    const shop = new Workshop();
    await shop.closedLog("Töpic", 30);
    const path = "data/%54%c3%b6pic/0";
    expect((await shop.run(["export", path, "--to", "log.tar"])).code).toBe(0);
    expect((await shop.run(["import", "log.tar", "copy"])).out).toContain("imported to copy/%54%c3%b6pic/0");
    expect((await shop.run(["cat", `copy/${path.slice(5)}`])).out).toBe((await shop.run(["cat", path])).out);
    expect((await shop.run(["import", "log.tar", "copy"])).err).toContain("there is a log already");
    expect((await shop.run(["export", path, "--to", "log.tar"])).err).toContain("exists already");
    // Any tar program reads it, and makes a log of it.
    const unpacked = await shop.shell(
      `mkdir plain && walkabout export ${path} | tar x -C plain && diff -r data plain`,
    );
    expect(unpacked.out.split("\n").filter((line) => !/: (lock|reserve)$/.test(line))).toEqual([""]);
    const piped = await shop.shell(
      `walkabout export ${path} | walkabout import - piped && walkabout verify piped`,
    );
    expect([piped.code, piped.err]).toEqual([0, ""]);
  });

  test("leave nothing behind when Ctrl-C ends them", async () => {
    const shop = new Workshop();
    await shop.closedLog("orders", 30);
    await shop.run(["export", "data/orders/0", "--to", "log.tar"]);
    const child = shop.start("import", "-", "copy");
    const end = ended(child);
    child.stdin.write(readFileSync(shop.path("log.tar")).subarray(0, 3000));
    while (!existsSync(shop.path("copy/orders/0"))) await delay(5);
    child.kill("SIGINT");
    expect(await end).toEqual({ code: 130, out: "", err: "" });
    expect(await shop.json("ls", "copy")).toEqual([expect.objectContaining({ segments: 0 })]);
  });

  test("leave stdout to the archive", async () => {
    const shop = new Workshop();
    await shop.closedLog("orders", 3);
    const { code, out } = await shop.run(["export", "data/orders/0", "--json"]);
    expect([code, JSON.parse(out)]).toMatchObject([3, { error: { code: "USAGE" } }]);
  });

  test("leave nothing behind when the file is cut off or no archive", async () => {
    const shop = new Workshop();
    await shop.closedLog("orders", 30);
    await shop.run(["export", "data/orders/0", "--to", "log.tar"]);
    const whole = readFileSync(shop.path("log.tar"));
    for (const length of [100, 512, 900, 3000, whole.length - 1024]) {
      writeFileSync(shop.path("cut.tar"), whole.subarray(0, length));
      const { code, err } = await shop.run(["import", "cut.tar", `copy${length}`]);
      expect([code, err]).toEqual([3, "walkabout: cannot import the archive: it is cut off (FORMAT)\n"]);
      expect((await shop.run(["cat", `copy${length}/orders/0`])).out).toBe("");
    }
    writeFileSync(shop.path("text.tar"), "no archive\n".repeat(100));
    expect((await shop.run(["import", "text.tar", "copy"])).err).toContain("it is no tar archive");
  });
});

test("bench measures, and leaves nothing behind", async () => {
  const shop = new Workshop();
  const { recordBytes, raw, serial, grouped } = await shop.json("bench", "here", "--seconds", "1");
  expect(recordBytes).toBe(100);
  for (const each of [raw, serial, grouped]) expect(each.perSecond).toBeGreaterThan(0);
  expect((await shop.run(["ls", "here", "--json"])).out.trim()).toBe("[]");
});
