/** What a newcomer types wrong, and what a terminal shows. */
import { symlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cutEnd, hasTerminal, Workshop } from "./tool.ts";

const names =
  "ls info verify cat tail dump append stats salvage truncate retain export import serve bench".split(" ");

describe("what is wrong is said in one line, with what is near", () => {
  test.each([
    [["verfy", "x"], "there is no command verfy; did you mean verify?"],
    [["cat", "data/orders/0", "--form", "json"], "cat knows no flag --form; did you mean --format?"],
    [["cat", "data/orders/0", "--format", "yaml"], "--format must be text, json, hex, not yaml"],
    [["cat", "data/orders/0", "--from"], "--from needs a value: --from <offset|time>"],
    [["cat", "data/orders/0", "--from", "soon"], "--from must be an offset, a date such as"],
    [["cat", "data/order/0"], "there is no data/order/0; did you mean data/orders/0?"],
    [["cat", "data/ordres"], "there is no data/ordres; did you mean data/orders?"],
    [
      ["append", "data/My Orders/0", "x"],
      "there is no log data/My Orders/0: the folder of a topic is named in small letters, with % for others; " +
        "did you mean data/%4dy%20%4frders/0?",
    ],
    [["cat", "data/orders/1"], "there is no data/orders/1; did you mean data/orders/0?"],
    [["cat", "data/orders"], "data/orders is no log; did you mean data/orders/0?"],
    [["cat", "data"], "data is no log; did you mean data/orders/0?"],
    [["cat"], "something is missing: walkabout cat <log>"],
    [["info", "data/orders/0", "x"], '"x" is one too many: walkabout info <log>'],
    [["tail", "data/orders/0", "-n", "many"], "--lines must be a whole number from 0, not many"],
    [["retain", "data/orders/0", "--max-age", "old"], "--max-age must be a time such as"],
    [["import", "log.tar", "x"], "there is no log.tar"],
    [["cat", "data/orders/0", "--from", "-1"], "--from must be an offset, a date such as"],
    [["cat", "data/orders/0", "--from", "soon 1"], "--from must be an offset, a date such as"],
    [["salvage", "data/orders/0", "--to", "data/orders/0"], "--to data/orders/0 is in the damaged log"],
    [
      ["salvage", "data/orders/0", "--to", "data/orders/0/a/b"],
      "--to data/orders/0/a/b is in the damaged log",
    ],
    [["export", "data/orders/0", "--to", "nowhere/x.tar"], "there is no nowhere"],
    [["import", "data", "x"], "data is a folder; an archive is one file"],
    [["ls", "dangling"], "there is no dangling\n"],
    [["verify", "."], "there is no log in .; did you mean data?"],
    [["cat", "data/orders/0", "--key", "--from"], "--key needs a value: --key <key>"],
    [["help", "verfy"], "there is no command verfy; did you mean verify?"],
    [["--from", "1", "cat", "x"], "flags stand behind the command: walkabout cat … --from"],
    [["--frmo", "1"], "flags stand behind the command: walkabout <command> … --frmo"],
  ])("%j", async (args, message) => {
    const shop = new Workshop();
    await (await shop.log("orders", 1)).close();
    symlinkSync("nowhere", shop.path("dangling"));
    const { code, out, err } = await shop.run(args);
    expect([code, out]).toEqual([3, ""]);
    expect(err).toContain(`walkabout: ${message}`);
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  test("and the one flag that all commands have may stand in front of them", async () => {
    const shop = new Workshop();
    await (await shop.log("orders", 1)).close();
    const { code, out, err } = await shop.run(["--json", "append", "data/orders/0", "--", "--json"]);
    expect([code, err, JSON.parse(out)]).toMatchObject([0, "", { offset: 1 }]);
    expect((await shop.run(["cat", "data/orders/0", "--from", "1"])).out).toMatch(/ --json\n$/);
    const none = await shop.run(["--json"]);
    expect([none.code, JSON.parse(none.out)]).toMatchObject([3, { error: { code: "USAGE" } }]);
    const { out: version } = await shop.run(["--version", "--json"]);
    expect(JSON.parse(version).version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("and in JSON where that was asked for", async () => {
    const shop = new Workshop();
    for (const args of [["verfy"], ["cat", "nowhere"], ["cat", "nowhere", "--form"]]) {
      const { code, out, err } = await shop.run([...args, "--json"]);
      expect([code, JSON.parse(out)]).toMatchObject([3, { error: { code: "USAGE" } }]);
      expect(err).toContain(JSON.parse(out).error.message);
    }
  });
});

describe("help", () => {
  test("lists all commands, and has examples for each", async () => {
    const shop = new Workshop();
    const { code, out } = await shop.run(["--help"]);
    expect(code).toBe(0);
    for (const name of names) {
      expect(out).toMatch(new RegExp(`^  ${name} `, "m"));
      const help = await shop.run([name, "--help"]);
      expect([help.code, help.err]).toEqual([0, ""]);
      expect(help.out).toMatch(new RegExp(`Examples\n  walkabout ${name}`));
      for (const line of `${out}${help.out}`.split("\n")) expect(line.length).toBeLessThanOrEqual(110);
    }
    expect((await shop.run([])).code).toBe(3);
    expect((await shop.run(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe.skipIf(!hasTerminal)(
  "in a terminal (left out: there is no program script here, where it is skipped)",
  () => {
    test("there are colours, unless NO_COLOR is set", async () => {
      const shop = new Workshop();
      cutEnd((await shop.closedLog("orders", 3)).at(-1)!, 20);
      const colored = await shop.terminal("walkabout verify data");
      expect(colored.code).toBe(1);
      expect(colored.out).toContain("\x1b[33mtorn");
      const plain = await shop.terminal("walkabout verify data", { env: { NO_COLOR: "1" } });
      // oxlint-disable-next-line no-control-regex
      expect(plain.out).not.toMatch(/\x1b\[\d+m/);
      expect((await shop.terminal("walkabout verify data --json")).out).not.toContain("\x1b[33m");
    });

    test("verify shows its progress on long work, and wipes it away", async () => {
      const shop = new Workshop();
      const log = await shop.log("orders", 0);
      const value = new Uint8Array(2 ** 20).fill(1);
      for (let index = 0; index < 60; index++) await log.append({ value });
      await log.close();
      const { out } = await shop.terminal("walkabout verify data");
      expect(out).toMatch(/█ *·*.* \d+ % of 60 MiB, \d.* MiB\/s/);
      expect(out).toContain("\r\x1b[K");
      expect((await shop.run(["verify", "data"])).err).toBe("");
    });

    test.each([
      ["y\n", 0, "2 records removed", 28],
      ["n\n", 3, "Nothing was changed.", 30],
    ])("truncate asks first, and does as it is told: %j", async (input, code, message, left) => {
      const shop = new Workshop();
      await shop.closedLog("orders", 30);
      const answered = await shop.terminal("walkabout truncate data/orders/0 --before 2", { input });
      expect(answered.out).toContain("Remove 2 records, offsets 0 to 1, of data/orders/0 for good? [y/N]");
      expect([answered.code, answered.out]).toEqual([code, expect.stringContaining(message)]);
      expect((await shop.json("stats", "data/orders/0")).records).toBe(left);
    });

    test("append says how what is typed is ended, and only to somebody who types", async () => {
      const shop = new Workshop();
      const { code, out } = await shop.terminal("walkabout append data/orders/0", { input: "one\n\x04" });
      expect([code, out]).toEqual([0, expect.stringContaining("Ctrl-D on an empty line ends it")]);
      expect(out).toContain("1 record appended: offset 0, on disk");
      for (const quiet of [
        "echo two | walkabout append data/orders/0",
        "walkabout append data/orders/0 three",
      ]) {
        expect((await shop.terminal(quiet)).out).toMatch(/^1 record appended: offset \d, on disk\r?\n$/);
      }
    });

    test.each([
      ["\x03", 130, "[y/N]"],
      ["\x04", 3, "Nothing was changed."],
    ])("truncate changes nothing when it is left at its question: %j", async (input, code, message) => {
      const shop = new Workshop();
      await shop.closedLog("orders", 30);
      const before = shop.snapshot("orders");
      const left = await shop.terminal("walkabout truncate data/orders/0 --before 2", { input });
      expect([left.code, left.out]).toEqual([code, expect.stringContaining(message)]);
      expect(left.out).not.toContain("Error");
      expect(shop.snapshot("orders")).toEqual(before);
    });

    test("ls leaves out columns where there is no room for them", async () => {
      const shop = new Workshop();
      await shop.closedLog("orders", 30);
      const { out } = await shop.terminal("stty cols 40; walkabout ls data", { env: { NO_COLOR: "1" } });
      const lines = out.trim().split("\r\n");
      expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
        ["LOG", "OFFSETS", "LOCKED BY"],
        ["data/orders/0", "0 to 29", "-"],
      ]);
    });

    test("an archive is not printed", async () => {
      const shop = new Workshop();
      await shop.closedLog("orders", 3);
      const { code, out } = await shop.terminal("walkabout export data/orders/0");
      expect([code, out]).toEqual([3, expect.stringContaining("not for a terminal")]);
    });

    test("Ctrl-C ends a following tail and leaves the terminal alone", async () => {
      const shop = new Workshop();
      await shop.closedLog("orders", 3);
      const { code, out } = await shop.terminal("walkabout tail -f data/orders/0", { input: "\x03" });
      expect(code).toBe(0);
      expect(out).toContain("record number 2");
    });
  },
);
