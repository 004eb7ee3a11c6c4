/** One file for a whole log: out of one storage, into another, and what may go wrong on the way. */
import { describe, expect, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { exportLog, importLog, openLog, openReader, verify } from "../../src/index.ts";
import { linesOf, printed } from "../support/content.ts";
import { failing } from "../support/faults.ts";
import { models, topic } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import { cut, edit, fill, flip, segmented } from "../recovery/damage.ts";

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** The same bytes in pieces of another size. */
async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe.each(models)("an archive ($name)", (model) => {
  test("takes every segment to another storage, byte for byte", async () => {
    for (const closed of [true, false]) {
      const [machine, other] = [model.build(), model.build()];
      await segmented(machine, { segments: 4, closed });
      const archive = await collect(exportLog({ storage: machine.storage, topic }));
      expect(archive.length % 512).toBe(0);
      for (const size of [7, 512, 100_000]) {
        const target = size === 512 ? other.storage : memoryStorage();
        const report = await importLog(target, inPieces(archive, size));
        expect(report).toMatchObject({ topic, partition: 0, segments: 4 });
        expect(await verify({ storage: target, topic })).toMatchObject({ verdict: "sound", next: 12 });
      }
      expect(printed(await other.files())).toEqual(printed(await machine.files()));
    }
  });

  test("takes evidence along as it is", async () => {
    const [machine, other] = [model.build(), model.build()];
    const names = await segmented(machine, { segments: 3, closed: true });
    await edit(machine, names[0]!, flip(300));
    await edit(machine, names[1]!, cut(40));
    await importLog(other.storage, exportLog({ storage: machine.storage, topic }));
    expect(printed(await other.files())).toEqual(printed(await machine.files()));
  });

  test("of a log that is written to holds all that was there before", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 2000 } });
    await fill(log, 20);
    const storage = memoryStorage();
    const chunks = exportLog({ storage: machine.storage, topic });
    const slowly = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        yield chunk;
        // Segments are begun, and sealed, between any two chunks.
        if (log.next < 200) await fill(log, 25);
      }
    };
    await importLog(storage, slowly());
    const report = await verify({ storage, topic });
    expect(report.verdict).toBe("sound");
    expect(report.next).toBeGreaterThanOrEqual(20);
    const copy = await openReader({ storage, topic });
    expect(await linesOf(copy)).toEqual((await linesOf(log)).slice(0, copy.next));
  });

  test("is not made of a segment that is removed, and overwritten, while it is read", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 2000 } });
    await fill(log, 40);
    const chunks = exportLog({ storage: machine.storage, topic });
    const reading = async (): Promise<void> => {
      for await (const _ of chunks) await log.truncateBefore(log.next);
    };
    await expect(reading()).rejects.toMatchObject({ name: "WalError" });
  });

  test("that cannot be imported whole leaves nothing behind", async () => {
    const [machine, other] = [model.build(), model.build()];
    await segmented(machine, { segments: 3, closed: true });
    const archive = await collect(exportLog({ storage: machine.storage, topic }));
    for (const end of [1, 511, 600, 1500, 2048, archive.length - 1025, archive.length - 1024]) {
      await refusal(importLog(other.storage, [archive.subarray(0, end)]), "FORMAT");
      expect((await other.files().catch(() => new Map())).size).toBe(0);
    }
    for (const position of [0, 130, 156]) {
      const damaged = Buffer.from(archive);
      damaged[position]! ^= 1;
      await refusal(importLog(other.storage, [damaged]), "FORMAT");
    }
    other.hook = failing({ op: "write", after: 2 });
    await expect(importLog(other.storage, [archive])).rejects.toThrow("EIO");
    other.hook = undefined;
    expect((await other.files()).size).toBe(0);
    await importLog(other.storage, [archive]);
    await refusal(importLog(other.storage, [archive]), "UNAVAILABLE");
    expect(printed(await other.files())).toEqual(printed(await machine.files()));
  });
});

test("a crash in the middle of an import never leaves a shorter log that looks whole", async () => {
  const storage = memoryStorage();
  const log = await openLog({ storage, topic });
  for (let segment = 0; segment < 3; segment++) {
    if (segment > 0) await log.rotate();
    await fill(log, 3);
  }
  await log.close();
  const archive = await collect(exportLog({ storage, topic }));
  let refused = 0;
  for (let after = 0; ; after++) {
    const disk = new MemoryDisk();
    let left = after;
    let crashed: MemoryDisk | undefined;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for await (const piece of inPieces(archive, 64)) {
        if (left-- === 0) crashed = disk.losePower();
        yield piece;
      }
    };
    await importLog(memoryStorage({ disk }), source());
    if (crashed === undefined) break;
    const address = { storage: memoryStorage({ disk: crashed }), topic };
    const report = await verify(address).catch(() => undefined);
    if (report === undefined) continue;
    const isWhole = report.verdict === "sound" && report.next === 9;
    const isNothing = report.verdict !== "corrupt" && report.next === 0;
    if (!isWhole && !isNothing) {
      expect(report.verdict, `after ${after} pieces`).toBe("corrupt");
      await refusal(openLog(address), "CORRUPT");
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(3);
});

test("the longest topic fits, and what is no log of ours does not", async () => {
  const storage = memoryStorage();
  for (const name of ["a".repeat(255), "Ü".repeat(42), "a".repeat(120)]) {
    const log = await openLog({ storage, topic: name, partition: 4_294_967_295 });
    await log.append({ value: "x" });
    await log.close();
    const target = memoryStorage();
    const report = await importLog(target, exportLog({ storage, topic: name, partition: 4_294_967_295 }));
    expect(report).toMatchObject({ topic: name, partition: 4_294_967_295 });
    expect(await verify({ storage: target, topic: name, partition: 4_294_967_295 })).toMatchObject({
      next: 1,
    });
  }
  await refusal(importLog(memoryStorage(), [new Uint8Array(1024)]), "FORMAT");
  await refusal(importLog(memoryStorage(), []), "FORMAT");
  await refusal(importLog(memoryStorage(), [Buffer.alloc(2048, "some text ")]), "FORMAT");
});
