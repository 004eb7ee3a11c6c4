/**
 * Names of topics and segments as names of folders and files: every topic gets a folder of its own on every
 * file system, whatever that does with case, dots and devices, and segments sort in the order of the log.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import {
  decodeTopic,
  encodeTopic,
  formatSegmentName,
  parseSegmentName,
  pathOf,
} from "../../src/format/names.ts";
import { openLog } from "../../src/index.ts";

const folderMax = 255;

/** Texts that file systems and their drivers have an opinion about. */
const opinions = [..."./\\:%~Aa äÄ\0\u0301ſKﬁ☂🜁", ..."con nul COM1 lpt9 aux prn .. %2e".split(" ")];
const peculiar = fc
  .array(fc.constantFrom(...opinions), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(""));
const topic = fc.oneof(fc.string({ unit: "binary", minLength: 1, maxLength: 20 }), peculiar);

describe("the folder of a topic", () => {
  test.each([
    ["orders", "orders"],
    ["orders.v2_final-1", "orders.v2_final-1"],
    ["Orders", "%4frders"],
    [".", "%2e"],
    ["..", "%2e%2e"],
    ["...", "%2e.%2e"],
    [".hidden", "%2ehidden"],
    ["trailing.", "trailing%2e"],
    ["a..b", "a..b"],
    ["a/b\\c", "a%2fb%5cc"],
    ["%41", "%2541"],
    ["c:d", "c%3ad"],
    [" ", "%20"],
    ["\0", "%00"],
    ["é", "%c3%a9"],
    ["e\u0301", "e%cc%81"],
    ["☂", "%e2%98%82"],
    ["\uFEFFx", "%ef%bb%bfx"],
  ])("%j is %s", (name, folder) => {
    expect(encodeTopic(name)).toBe(folder);
    expect(decodeTopic(folder)).toBe(name);
  });

  const devices = ["con", "prn", "aux", "nul"];
  for (let i = 0; i <= 9; i++) devices.push(`com${i}`, `lpt${i}`);

  test.each(devices)("is not that of the device %s, alone or with an extension", (device) => {
    const escaped = `%${device.charCodeAt(0).toString(16)}${device.slice(1)}`;
    expect(encodeTopic(device)).toBe(escaped);
    expect(encodeTopic(`${device}.txt`)).toBe(`${escaped}.txt`);
    expect(encodeTopic(`${device}.`)).toBe(`${device}%2e`);
    expect(encodeTopic(`${device}x`)).toBe(`${device}x`);
    expect(encodeTopic(`x.${device}`)).toBe(`x.${device}`);
  });

  test("leads back to the topic, for any text", () => {
    fc.assert(
      fc.property(topic, (name) => {
        expect(decodeTopic(encodeTopic(name))).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });

  test("is a name that every file system takes as it is", () => {
    fc.assert(
      fc.property(topic, (name) => {
        const folder = encodeTopic(name);
        expect(folder).toMatch(/^[a-z0-9_%-][a-z0-9_%.-]*$/);
        expect(folder).not.toMatch(/\.$/);
        expect(folder).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/);
        expect(folder.length).toBeLessThanOrEqual(folderMax);
      }),
      { numRuns: 2000 },
    );
  });

  test("is no other topic's, also where upper and lower case are the same", () => {
    fc.assert(
      fc.property(topic, topic, (one, other) => {
        fc.pre(one !== other);
        expect(encodeTopic(one).toLowerCase()).not.toBe(encodeTopic(other).toLowerCase());
      }),
      { numRuns: 2000 },
    );
    for (const name of ["Straße", "STRASSE", "straße", "ΑΣ", "ας", "İ", "i", "ı", "I", "K", "k"]) {
      for (const other of [
        name.toLowerCase(),
        name.toUpperCase(),
        name.normalize("NFD"),
        name.normalize("NFKC"),
      ]) {
        if (other !== name) expect(encodeTopic(other)).not.toBe(encodeTopic(name));
      }
    }
  });

  test("is no topic's unless it is written in the only way", () => {
    const others = [
      "A",
      "%41%",
      "%4",
      "%zz",
      "%4F",
      "%61",
      ".a",
      "a.",
      "",
      "con",
      "com1.txt",
      "%c3",
      "ä",
      "a b",
      "a/b",
    ];
    for (const folder of others) expect(decodeTopic(folder), folder).toBeUndefined();
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 12 }), (folder) => {
        const name = decodeTopic(folder);
        if (name !== undefined) expect(encodeTopic(name)).toBe(folder);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a topic that cannot be used is refused", () => {
  const surrogates = ["\uD800", "a\uDFFF", "\uDC00\uD800", "x\uD83Dx"];

  test.each(surrogates)("%j, because it is no text", (name) => {
    expect(() => encodeTopic(name)).toThrow(TypeError);
  });

  test("because it is empty", () => {
    expect(() => encodeTopic("")).toThrow(RangeError);
  });

  test.each([undefined, null, 7, {}, new Uint8Array([97])])("because it is %s", (name) => {
    expect(() => encodeTopic(name as string)).toThrow(TypeError);
  });

  test.each([
    ["a".repeat(folderMax), "a".repeat(folderMax + 1)],
    ["ü".repeat(42), "ü".repeat(43)],
    ["A".repeat(85), `${"A".repeat(85)}b`],
    [`con.${"a".repeat(249)}`, `con.${"a".repeat(250)}`],
  ])("because it is too long: %s is not, and %s is", (longest, longer) => {
    expect(encodeTopic(longest).length).toBeLessThanOrEqual(folderMax);
    expect(decodeTopic(encodeTopic(longest))).toBe(longest);
    expect(() => encodeTopic(longer)).toThrow(RangeError);
  });

  test("by the public interface, before anything is created", async () => {
    const disk = new MemoryDisk();
    const open = (name: unknown, partition = 0) =>
      openLog({ storage: memoryStorage({ disk }), topic: name as string, partition });
    for (const name of ["", "x".repeat(256)]) await expect(open(name)).rejects.toBeInstanceOf(RangeError);
    for (const name of ["\uD800", undefined, 7]) await expect(open(name)).rejects.toBeInstanceOf(TypeError);
    for (const partition of [-1, 0.5, 2 ** 32])
      await expect(open("a", partition)).rejects.toBeInstanceOf(RangeError);
    expect(["/0", `${"x".repeat(256)}/0`, "a/0", "a/-1"].filter((path) => disk.has(path))).toEqual([]);
  });

  test("but the longest can be opened, and the highest partition", async () => {
    for (const name of ["☂".repeat(28), "x".repeat(255), "\0", "..", "nul"]) {
      const storage = memoryStorage();
      const log = await openLog({ storage, topic: name, partition: 2 ** 32 - 1 });
      await log.append({ value: name });
      await log.close();
      const again = await openLog({ storage, topic: name, partition: 2 ** 32 - 1 });
      expect(again.next).toBe(1);
    }
  });
});

describe("the path of a log", () => {
  test("is the folder of its topic and its partition in decimal", () => {
    expect(pathOf("A", 0)).toEqual(["%41", "0"]);
    expect(pathOf("a", 4294967295)).toEqual(["a", "4294967295"]);
  });
});

const offset = fc.oneof(fc.nat(), fc.maxSafeNat());
const epoch = fc.option(fc.integer({ min: 1, max: 0xffff_ffff }), { nil: undefined });

describe("the name of a segment", () => {
  test.each([
    [0, undefined, "00000000000000000000.wal"],
    [42, undefined, "00000000000000000042.wal"],
    [42, 7, "00000000000000000042_0000000007.wal"],
    [Number.MAX_SAFE_INTEGER, 0xffff_ffff, "00009007199254740991_4294967295.wal"],
  ])("of offset %i and epoch %s is %s", (base, second, name) => {
    expect(formatSegmentName(base, second)).toBe(name);
    expect(parseSegmentName(name)).toEqual({ base, epoch: second });
  });

  test("leads back to its offset and epoch", () => {
    fc.assert(
      fc.property(offset, epoch, (base, second) => {
        expect(parseSegmentName(formatSegmentName(base, second))).toEqual({ base, epoch: second });
      }),
    );
  });

  test("sorts by offset, and then by epoch, as text does", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(offset, epoch), { maxLength: 12 }), (segments) => {
        const inOrder = segments.toSorted(([a, e], [b, f]) => a - b || (e ?? 0) - (f ?? 0));
        const names = segments.map(([base, second]) => formatSegmentName(base, second));
        const byName = names.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0));
        expect(byName.map(parseSegmentName)).toEqual(
          inOrder.map(([base, second]) => ({ base, epoch: second })),
        );
      }),
    );
  });

  test("is none where anything differs", () => {
    const others =
      "0.wal 0000000000000000000.wal 000000000000000000000.wal 00000000000000000000.WAL " +
      "00000000000000000000.wal.tmp x00000000000000000000.wal 00000000000000000000_1.wal " +
      "00000000000000000000-0000000001.wal 00009007199254740992.wal 00000000000000000000_4294967296.wal " +
      "0000000000000000000٣.wal lock";
    for (const name of others.split(" ")) expect(parseSegmentName(name), name).toBeUndefined();
  });
});
