/**
 * How the golden logs came about: each is a script that uses the public interface with a clock that stands
 * still, so that it writes the same bytes every time. Once a golden log is committed, its script only ever
 * changes together with the version of the format.
 */
import { failedFlush, recycled, rewritten, salvaged, torn, unclean, unfinished } from "./golden-accidents.ts";
import { appendValues, type Golden, plain } from "./golden-bench.ts";

const simple: Golden = {
  name: "simple",
  about: "Every form that a record can have, one by one and in batches, in a log that was closed.",
  topic: "Übersicht: ☂ für alle, 100 %",
  partition: 7,
  path: "%c3%9cbersicht%3a%20%e2%98%82%20f%c3%bcr%20alle%2c%20100%20%25/7",
  async write(bench) {
    const log = await bench.open(this);
    await log.append({ value: "neither key nor headers" });
    await log.append({ key: "", value: "an empty key" });
    await log.append({ key: "Schlüssel", value: "größer ☂ 🜁", headers: { Größe: "☂", empty: "" } });
    await log.append({ key: new Uint8Array([0, 255, 128]), value: new Uint8Array([254, 0]), kind: 127 });
    await log.append({});
    await log.append({ timestamp: 0, value: "the earliest time" });
    bench.clock += 1000;
    await log.appendBatch([
      { value: "the base time" },
      { value: "later", timestamp: bench.clock + 300 },
      { value: "earlier", timestamp: bench.clock - 300_000, kind: 1 },
      { value: "the latest time", timestamp: Number.MAX_SAFE_INTEGER },
    ]);
    await Promise.all(
      ["one", "two", "three"].map((value, kind) => log.append({ key: "together", value, kind })),
    );
    await log.append({
      headers: Object.fromEntries([["__proto__", "no prototype"]]),
      value: "x".repeat(200),
    });
    await log.close();
    return bench.disk;
  },
};

const rotated: Golden = {
  ...plain("rotated"),
  about: "Several segments, of which the oldest were dropped: the first offset lies inside a segment.",
  async write(bench) {
    const log = await bench.open({ ...this, segment: { maxBytes: 700 } });
    await appendValues(log, 0, 14);
    bench.clock += 60_000;
    await log.rotate();
    await appendValues(log, 14, 20);
    await log.truncateBefore(9);
    await appendValues(log, 20, 22);
    await log.truncateBefore(11);
    await log.close();
    return bench.disk;
  },
};

const truncatedAfter: Golden = {
  ...plain("truncated-after"),
  about: "Cut off in the middle of a batch, reopened, cut off again one segment before, and closed.",
  async write(bench) {
    const log = await bench.open(this);
    await appendValues(log, 0, 2);
    await log.appendBatch(["a", "b", "c", "d", "e"].map((value) => ({ key: "batch", value })));
    await log.append({ value: "gone" });
    await log.truncateAfter(4);
    await log.append({ value: "in place of d" });
    await log.close();
    const again = await bench.open(this);
    await again.appendBatch(["f", "g", "h"].map((value) => ({ value })));
    await again.truncateAfter(6);
    await again.append({ value: "in place of g" });
    await again.truncateAfter(3);
    await again.append({ value: "in place of c" });
    await again.close();
    return bench.disk;
  },
};

const producers: Golden = {
  ...plain("producers"),
  about: "Records of producers, with gaps, a newer epoch and what was sent twice, over two segments, closed.",
  async write(bench) {
    const log = await bench.open(this);
    const send = (id: string, epoch: number, sequence: number) =>
      log.append({ value: `${id} ${sequence}` }, { producer: { id, epoch, sequence } });
    await Promise.all([
      send("a", 0, 0),
      send("a", 0, 1),
      send("ü", 3, 2 ** 40),
      log.append({ value: "nobody" }),
    ]);
    await send("a", 0, 1);
    await send("a", 0, 9);
    await log.rotate();
    await log.appendBatch([{ value: "x" }, { value: "y" }], { producer: { id: "a", epoch: 1, sequence: 5 } });
    await send("ü", 3, 2 ** 40 + 1);
    await log.close();
    return bench.disk;
  },
};

/** All of them. */
export const goldens: readonly Golden[] = [
  simple,
  rotated,
  truncatedAfter,
  producers,
  unclean,
  torn,
  unfinished,
  rewritten,
  failedFlush,
  salvaged,
  recycled,
];
