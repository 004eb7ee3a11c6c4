/**
 * The scripts of those golden logs to which something happened: a loss of power, a failed flush, damage, or
 * a file that was used before.
 */
import { openLog, salvage } from "../../src/index.ts";
import { failing, wrapped } from "./failing-storage.ts";
import { appendValues, type Bench, type Golden, plain } from "./golden-bench.ts";

async function untilPowerLoss(bench: Bench, topic: string): Promise<void> {
  const log = await bench.open({ topic });
  await appendValues(log, 0, 3);
  await log.appendBatch([{ value: "last" }, { value: "flushed", timestamp: 1 }]);
  log.stage({ value: "never flushed" });
  bench.disk = bench.disk.losePower();
  bench.clock += 5000;
}

export const unclean: Golden = {
  ...plain("unclean"),
  about: "As a loss of power leaves a log: nothing vouches for the last batch.",
  async write(bench) {
    await untilPowerLoss(bench, this.topic);
    return bench.disk;
  },
};

export const torn: Golden = {
  ...plain("torn"),
  about: "Like `unclean`, but only a part of the last batch reached the disk.",
  async write(bench) {
    await untilPowerLoss(bench, this.topic);
    const [file] = bench.disk.folder(this.path).names.values();
    file.truncate(file.size - 20);
    return bench.disk;
  },
};

export const unfinished: Golden = {
  ...plain("unfinished"),
  about: "The power was lost again while `unclean` was opened: the new segment lacks what it was to carry.",
  async write(bench) {
    await untilPowerLoss(bench, this.topic);
    await bench.open(this);
    const [, file] = bench.disk.folder(this.path).names.values();
    // The witness behind it takes 80 bytes.
    file.truncate(file.size - 140);
    return bench.disk;
  },
};

export const rewritten: Golden = {
  ...plain("rewritten"),
  about: "Opened again after a loss of power: the last batch was rewritten into a new segment. Not closed.",
  async write(bench) {
    await untilPowerLoss(bench, this.topic);
    await appendValues(await bench.open(this), 5, 7);
    return bench.disk;
  },
};

export const failedFlush: Golden = {
  ...plain("failed-flush"),
  about: "A flush failed after its write: the log goes on in a new segment, and the write is superseded.",
  async write(bench) {
    let failures = 0;
    const storage = wrapped(bench.storage, (file) => ({
      flush: () => (failures-- > 0 ? failing(file.size(), "the disk is gone") : file.flush()),
    }));
    const log = await openLog({ storage, topic: this.topic });
    await appendValues(log, 0, 3);
    failures = 1;
    const lost = await log.append({ value: "not in the log" }).catch((error: { code: string }) => error.code);
    if (lost !== "FLUSH_FAILED") throw new Error(`the flush should have failed, not ${JSON.stringify(lost)}`);
    await appendValues(log, 3, 5);
    await log.close();
    return bench.disk;
  },
};

export const salvaged: Golden = {
  ...plain("salvaged"),
  about: "The copy of a damaged log: what could not be read is lost, and two batches are cut.",
  async write(bench) {
    const log = await bench.open({ topic: "damaged" });
    const producer = { id: "p", epoch: 0, sequence: 1 };
    await log.appendBatch([{ value: "before" }, { value: "first" }], { producer });
    await log.truncateBefore(1);
    await appendValues(log, 2, 5);
    await log.appendBatch(
      ["a", "b", "c"].map((value) => ({ value })),
      { producer: { ...producer, sequence: 10 } },
    );
    await log.truncateAfter(6);
    await appendValues(log, 7, 10);
    await log.close();
    await damage(bench, "damaged", "value 2");
    await damage(bench, "damaged", "value 8");
    bench.clock += 1000;
    await salvage(
      { storage: bench.storage, topic: "damaged" },
      { storage: bench.storage, topic: this.topic },
    );
    return bench.disk;
  },
};

/** Changes one byte of a text that lies in one of the files. */
async function damage(bench: Bench, topic: string, text: string): Promise<void> {
  for (const file of bench.disk.folder(`${topic}/0`).names.values()) {
    const bytes = Buffer.alloc(file.size);
    file.read(bytes, 0);
    const at = bytes.indexOf(text);
    if (at >= 0) file.write(Uint8Array.of(0x58), at);
  }
}

export const recycled: Golden = {
  ...plain("recycled"),
  about: "Segments in the files of dropped ones: in the last one, old bytes lie behind its own. Not closed.",
  async write(bench) {
    const log = await bench.open({ ...this, segment: { maxBytes: 900 }, retention: { maxBytes: 1600 } });
    await appendValues(log, 0, 18);
    for (const next of [18, 20, 22, 24]) {
      await log.rotate();
      await appendValues(log, next, next + 2);
    }
    return bench.disk;
  },
};
