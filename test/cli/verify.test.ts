/** `verify`, on logs that real accidents have befallen: verdicts, places, exit codes. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { corrupt, cutEnd, Workshop } from "./tool.ts";

describe("verify", () => {
  test("finds a sound log sound, and ends with 0", async () => {
    const shop = new Workshop();
    await shop.closedLog("orders", 30);
    writeFileSync(shop.path("data/orders/0/notes.txt"), "hello");
    const { code, out, err } = await shop.run(["verify", "data/orders/0"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("30 records, offsets 0 to 29");
    expect(out).toContain("notes.txt is none of the log's files");
    expect(out).toContain("sound: every byte is as it was written");
    expect(out).not.toContain("\x1b");
  });

  test("calls a torn tail torn, and ends with 1", async () => {
    const shop = new Workshop();
    const names = await shop.closedLog("orders", 30);
    cutEnd(names.at(-1)!, 20);
    const before = shop.snapshot("orders");
    const { code, out } = await shop.run(["verify", "data"]);
    expect(code).toBe(1);
    expect(out).toMatch(/torn +0+28\.wal/);
    expect(out).toMatch(/at position \d+: the batch is cut off by the end of the file/);
    expect(shop.snapshot("orders")).toEqual(before);
  });

  test("says where a log is corrupt, which bit explains it and what is lost, and ends with 2", async () => {
    const shop = new Workshop();
    const names = await shop.closedLog("orders", 30);
    corrupt(names[1]!, 600);
    const { code, out } = await shop.run(["verify", "data/orders/0"]);
    expect(code).toBe(2);
    expect(out).toMatch(/corrupt +0+14\.wal +offsets 14 to 27/);
    expect(out).toMatch(
      /at position \d+: the payload of the batch does not match its checksum; lost: offset \d+/,
    );
    expect(out).toContain("bit 2 of byte 600");
    expect(out).toContain("walkabout salvage data/orders/0");
    const json = await shop.json("verify", "data/orders/0");
    expect(json).toMatchObject({ log: "data/orders/0", verdict: "corrupt", records: 29 });
    expect(json.segments[1].damages[0]).toMatchObject({ flipped: { position: 600, bit: 2 } });
  });

  test("says which segment is missing", async () => {
    const shop = new Workshop();
    const names = await shop.closedLog("orders", 30);
    rmSync(names[1]!);
    const { code, out } = await shop.run(["verify", "data/orders/0"]);
    expect(code).toBe(2);
    expect(out).toMatch(/missing +\(no file\) +offsets 14 to 27/);
  });

  test("looks at one segment", async () => {
    const shop = new Workshop();
    const names = await shop.closedLog("orders", 30);
    corrupt(names[1]!, 600);
    expect((await shop.run(["verify", names[0]!])).code).toBe(0);
    expect((await shop.run(["verify", names[1]!])).code).toBe(2);
    expect((await shop.json("verify", names[1]!)).segments).toHaveLength(1);
  });

  test("takes the worst of many logs", async () => {
    const shop = new Workshop();
    await shop.closedLog("a", 3);
    cutEnd((await shop.closedLog("b", 3)).at(-1)!, 20);
    expect((await shop.run(["verify", "data"])).code).toBe(1);
    corrupt((await shop.closedLog("c", 30))[0]!, 600);
    const { code, out } = await shop.run(["verify", "data", "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(out).map((each: { verdict: string }) => each.verdict)).toEqual([
      "sound",
      "torn",
      "corrupt",
    ]);
  });

  test("finds a superseded end, an unborn segment and an empty log", async () => {
    const shop = new Workshop();
    const names = await shop.closedLog("orders", 5);
    writeFileSync(names[0]!.replace("00.wal", "05.wal"), "");
    const { code, out } = await shop.run(["verify", "data"]);
    expect(code).toBe(1);
    expect(out).toMatch(/unborn +0+5\.wal/);
    mkdirSync(shop.path("data/nothing/0"), { recursive: true });
    writeFileSync(shop.path("data/nothing/0/lock"), "");
    const empty = await shop.run(["verify", "data/nothing/0"]);
    expect([empty.code, empty.out.includes("0 segments")]).toEqual([0, true]);
  });

  test("works beside a writer, and does not take its unfinished end for torn", async () => {
    const shop = new Workshop();
    const log = await shop.log("orders", 40, { segment: { maxBytes: 1500 } });
    // The segment is recycled, so that old bytes lie behind its end.
    await log.truncateBefore(30);
    await shop.log("orders", 0).catch(() => undefined);
    for (let index = 0; index < 20; index++) await log.append({ value: `more ${index}` });
    const { code, out } = await shop.run(["verify", "data/orders/0"]);
    expect(code).toBe(0);
    expect(out).toContain("sound");
    await log.append({ value: "the lock is still ours" });
  });

  test("ends with 3 where something cannot be read or used", async () => {
    const shop = new Workshop();
    expect((await shop.run(["verify", "nowhere"])).code).toBe(3);
    expect((await shop.run(["verify"])).code).toBe(3);
    const [name] = await shop.closedLog("later", 3);
    const bytes = readFileSync(name!);
    bytes[4] = 2;
    writeFileSync(name!, bytes);
    const later = await shop.run(["verify", "data"]);
    expect([later.code, later.out]).toEqual([3, expect.stringContaining("its format version is 2")]);
    expect(later.out).not.toContain("lost");
    mkdirSync(shop.path("bare"));
    const { code, err } = await shop.run(["verify", "bare"]);
    expect([code, err]).toEqual([3, "walkabout: there is no log in bare\n"]);
  });
});
