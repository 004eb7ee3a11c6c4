/** What reads: ls, info, cat, tail, dump, stats. */
import { describe, expect, test } from "vitest";
import { corrupt, ended, said, Workshop } from "./tool.ts";

describe("ls and info", () => {
  test("tell what is there, and who writes it", async () => {
    const shop = new Workshop();
    await shop.closedLog("Töpic", 3);
    const log = await shop.log("orders", 4);
    const { code, out } = await shop.run(["ls", "data"]);
    expect(code).toBe(0);
    expect(out).toMatch(/data\/%54%c3%b6pic\/0 +Töpic +0 to 2 +1 .* -\n/);
    expect(out).toMatch(new RegExp(`data/orders/0 +orders +0 to 3 .* process ${process.pid} `));
    await log.close();
    expect((await shop.run(["info", "data/orders/0"])).out).toContain("nobody holds the lock");
    expect(await shop.json("ls", "data")).toMatchObject([
      { topic: "Töpic", first: 0, next: 3, segments: 1 },
      { topic: "orders", first: 0, next: 4 },
    ]);
  });

  test("draw the segments of a log", async () => {
    const shop = new Workshop();
    await shop.closedLog("orders", 30);
    const { out } = await shop.run(["info", "data/orders/0"]);
    expect(out).toMatch(/\[█+\]\[█+\]\[█+\]\n +0 +14 +28\n$/);
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("of a damaged log say so, and ls goes on", async () => {
    const shop = new Workshop();
    await shop.closedLog("fine", 3);
    const [name] = await shop.closedLog("orders", 30);
    corrupt(name!, 10);
    const { code, out } = await shop.run(["ls", "data"]);
    expect([code, out]).toEqual([0, expect.stringContaining("(CORRUPT)")]);
    expect(out).toContain("fine");
    expect((await shop.run(["info", "data/orders/0"])).code).toBe(2);
  });

  test("say where the logs are, from a folder above them", async () => {
    const shop = new Workshop();
    await shop.closedLog("orders", 1);
    for (const [command, near] of [
      ["walkabout ls", "data"],
      ["mkdir -p empty; cd empty; walkabout ls ..", "../data"],
      ["mkdir -p far/away; mv data far/away; walkabout ls .", "far/away/data"],
    ]) {
      const { code, out } = await shop.shell(command!);
      expect([code, out.replace(/ in \S+;/, "")]).toEqual([
        0,
        `There is no log did you mean walkabout ls ${near}?\n`,
      ]);
    }
    expect((await shop.run(["ls", "empty"])).out).toContain("There is no log in empty (a log is a folder");
    expect((await shop.run(["ls", "--json"])).out.trim()).toBe("[]");
  });

  test("of nothing say that there is nothing", async () => {
    const shop = new Workshop();
    expect(await shop.run(["ls"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("There is no log"),
    });
    expect((await shop.run(["ls", "--json"])).out.trim()).toBe("[]");
  });
});

describe("cat and tail", () => {
  test("print ranges of offsets and of time, and one key", async () => {
    const shop = new Workshop();
    await shop.closedLog("orders", 30);
    const offsets = async (...args: string[]): Promise<number[]> => {
      const { out } = await shop.run([...args, "data/orders/0"]);
      return out
        .split("\n")
        .filter(Boolean)
        .map((line) => Number.parseInt(line, 10));
    };
    expect(await offsets("cat")).toHaveLength(30);
    expect(await offsets("cat", "--from", "13", "--to", "16")).toEqual([13, 14, 15]);
    expect(await offsets("cat", "--key", "k1", "-n", "2")).toEqual([1, 4]);
    expect(await offsets("cat", "--from", "1h", "-n", "1")).toEqual([0]);
    expect(await offsets("cat", "--from", "2100-01-01")).toEqual([]);
    expect(await offsets("tail")).toEqual(Array.from({ length: 10 }, (_, index) => index + 20));
    expect(await offsets("tail", "-n", "2")).toEqual([28, 29]);
    const beyond = await shop.run(["cat", "--from", "31", "data/orders/0"]);
    expect(beyond).toMatchObject({
      code: 3,
      err: "walkabout: --from 31 is not in this log: it has 0 to 29\n",
    });
  });

  test("print records in three ways, and nothing that moves a cursor", async () => {
    const shop = new Workshop();
    const log = await shop.log("orders", 0);
    await log.append({
      key: "a\x1b[2J",
      value: "two\nlines\u202e",
      headers: { h: "v" },
      kind: 3,
      timestamp: 5,
    });
    await log.append({ value: Uint8Array.of(0, 255, 65), timestamp: 6 });
    const text = (await shop.run(["cat", "data/orders/0"])).out;
    expect(text).toContain("key=a\\u001b[2J  h=v  two\\nlines\\u202e");
    expect(text).toContain("0x00ff41");
    const lines = (await shop.run(["cat", "data/orders/0", "--format", "json"])).out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { offset: 0, timestamp: 5, kind: 3, key: "a\x1b[2J", value: "two\nlines\u202e", headers: { h: "v" } },
      { offset: 1, value: { base64: "AP9B" } },
    ]);
    expect((await shop.run(["cat", "data/orders/0", "--format", "hex"])).out).toContain("00 ff 41");
  });

  test("print what is readable of a damaged log, then say what is wrong", async () => {
    const shop = new Workshop();
    const names = await shop.closedLog("orders", 30);
    corrupt(names[1]!, 600);
    const { code, out, err } = await shop.run(["cat", "data/orders/0"]);
    expect(code).toBe(2);
    expect(out).toContain("record number 17\n");
    expect(out).not.toContain("record number 19");
    expect(err).toMatch(/^walkabout: cannot read offset 18 .* is damaged at position \d+ \(CORRUPT\)\n$/);
  });

  test("follow a log that is written to, until Ctrl-C", async () => {
    const shop = new Workshop();
    const log = await shop.log("orders", 3);
    const child = shop.start("tail", "-f", "-n", "1", "data/orders/0");
    const end = ended(child);
    await said(child.stdout, "record number 2");
    const sees = said(child.stdout, "while it watches");
    await log.append({ value: "while it watches" });
    await sees;
    child.kill("SIGINT");
    const { code, out, err } = await end;
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^2 .*record number 2\n3 .*while it watches\n$/);
  });

  test("end quietly when nobody reads any more", async () => {
    const shop = new Workshop();
    const log = await shop.log("orders", 0);
    await log.appendBatch(Array.from({ length: 50_000 }, (_, index) => ({ value: `record ${index}` })));
    await log.close();
    const { code, out, err } = await shop.shell("set -o pipefail; walkabout cat data/orders/0 | head -2");
    expect([code, err]).toEqual([0, ""]);
    expect(out.split("\n")).toHaveLength(3);
  });
});

describe("dump and stats", () => {
  test("show headers of segments and batches, and bytes that are none", async () => {
    const shop = new Workshop();
    const names = await shop.closedLog("orders", 30);
    corrupt(names[1]!, 600);
    const { out } = await shop.run(["dump", "data/orders/0", "--batches"]);
    expect(out).toContain("start of segment 1 of orders, no link");
    expect(out).toContain("seal, goes on with offset 14");
    expect(out).toContain("the payload is wrong");
    expect(out).toMatch(/checksum length +position epoch/);
    expect(out).toContain("5351574c 0100 0600");
    const one = await shop.run(["dump", names[2]!]);
    expect(one.out.split("\n")[0]).toMatch(/^0+28\.wal /);
    corrupt(names[1]!, 33);
    expect((await shop.run(["dump", names[1]!, "--batches"])).out).toContain("that are no batch");
    const lines = (await shop.run(["dump", "data/orders/0", "--batches", "--json"])).out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line)).filter(({ count }) => count === 1).length).toBe(30);
  });

  test("count what is in a log", async () => {
    const shop = new Workshop();
    await shop.closedLog("orders", 30);
    expect(await shop.json("stats", "data/orders/0")).toMatchObject({
      records: 30,
      batches: 30,
      withKey: 30,
    });
    expect((await shop.run(["stats", "data/orders/0"])).out).toContain("30 records in 30 batches, 1 each");
  });
});
