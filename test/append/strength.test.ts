/**
 * A storage may say that a flush reached less than it usually does, as one does whose new names take a while
 * to settle. The acknowledgements say so then, and no witness is left that a later segment must exist.
 */
import { expect, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { type Durability, openLog, type Storage, type StoredFile } from "../../src/index.ts";

interface Settling {
  readonly storage: Storage;
  readonly disk: MemoryDisk;
  reached: Durability | undefined;
}

/** A storage of disks whose flushes answer `reached`. */
function settling(colour: "sync" | "async", reached: Durability | undefined): Settling {
  const disk = new MemoryDisk();
  const inner = memoryStorage({ colour, disk });
  const world: Settling = {
    disk,
    reached,
    storage: {
      ...inner,
      durability: "disk",
      async open(path, options) {
        const place = (await inner.open(path, options))!;
        return {
          ...place,
          open: (name) => weaker(place.open(name), world),
          create: (name) => weaker(place.create(name), world),
        };
      },
    },
  };
  return world;
}

async function weaker(opened: StoredFile | Promise<StoredFile>, world: Settling): Promise<StoredFile> {
  const file = await opened;
  return {
    ...file,
    flush: () => {
      const flushed = file.flush();
      return flushed instanceof Promise ? flushed.then(() => world.reached) : world.reached;
    },
  };
}

const topic = "orders";
const producer = { id: "till", epoch: 1, sequence: 1 };

test.each(["sync", "async"] as const)("an ack says what the flush reached (%s)", async (colour) => {
  const world = settling(colour, "os");
  const log = await openLog({ storage: world.storage, topic });
  expect(await log.append({ value: "a" })).toMatchObject({ durability: "os" });
  expect(await log.appendBatch([{ value: "b" }])).toMatchObject([{ durability: "os" }]);
  world.reached = undefined;
  expect(await log.append({ value: "c" })).toMatchObject({ durability: "disk" });
  await log.close();
});

test.each(["os", "disk"] as const)(
  "a repeated record is acknowledged as %s after reopening",
  async (reached) => {
    const world = settling("sync", reached);
    const log = await openLog({ storage: world.storage, topic });
    await log.append({ value: "a" }, { producer });
    await log.close();
    const again = await openLog({ storage: world.storage, topic });
    const ack = await again.append({ value: "a" }, { producer });
    expect(ack).toMatchObject({ duplicate: true, durability: reached });
    await again.close();
  },
);

test("a segment that a loss of power may still take is not witnessed", async () => {
  const world = settling("sync", "os");
  const log = await openLog({ storage: world.storage, topic });
  await log.append({ value: "a" });
  await log.rotate();
  await log.append({ value: "b" });
  const { names } = world.disk.folder(`${topic}/0`);
  names.delete("00000000000000000001.wal");
  world.disk.folder(`${topic}/0`).locked = false;
  const left = await openLog({ storage: world.storage, topic });
  expect(left.next).toBe(1);
  await left.close();
});

test("a segment that nothing can take any more is witnessed", async () => {
  const world = settling("sync", "disk");
  const log = await openLog({ storage: world.storage, topic });
  await log.append({ value: "a" });
  await log.rotate();
  await log.append({ value: "b" });
  const { names } = world.disk.folder(`${topic}/0`);
  names.delete("00000000000000000001.wal");
  world.disk.folder(`${topic}/0`).locked = false;
  await expect(openLog({ storage: world.storage, topic })).rejects.toMatchObject({ code: "CORRUPT" });
});

test.each([
  [undefined, "os"],
  ["memory", "memory"],
] as const)("an ack before the flush says what a write survives (%s)", async (written, durability) => {
  const { storage } = settling("async", "disk");
  const log = await openLog({
    storage: { ...storage, ...(written && { written }) },
    topic,
    durability: "relaxed",
  });
  expect(await log.append({ value: "a" })).toMatchObject({ durability });
  await log.close();
});
