/** Appending: what an acknowledgement says, and what is in the log then. */
import type { Durability, RecordInput } from "../../index.ts";
import type { Bench } from "../bench.ts";
import { pattern, segmentName } from "../bytes.ts";
import type { Check } from "../check.ts";
import { demand, demandFailure, demandSame, demandSameNames } from "../demand.ts";
import {
  appendValues,
  demandCode,
  demandRecord,
  demandValues,
  openedLog,
  reopenedLog,
  valueOf,
  values,
} from "./bench.ts";
import * as contract from "./contract.ts";

const records: readonly RecordInput[] = [
  { value: "neither key nor headers" },
  { key: "", value: "an empty key" },
  { key: "a key", value: "", timestamp: 1 },
  { value: new Uint8Array([0, 255, 128, 0]), kind: 127, timestamp: 8_640_000_000_000_000 },
  { key: new Uint8Array([0]), headers: { a: "1", empty: "", bytes: new Uint8Array([0, 255]) }, value: "x" },
  {},
  { value: pattern(100_000, 1), key: pattern(70_000, 2) },
  { value: pattern(3_000_000, 3) },
];

export const appends: readonly Check[] = [
  {
    name: "an append is acknowledged with its offset, its strength and its place",
    async run(bench) {
      const strengths = await strengthsOf(bench);
      const log = await openedLog(bench);
      for (let offset = 0; offset < 5; offset++) {
        const ack = await log.append({ value: valueOf(offset), timestamp: 1000 + offset });
        demandSame(ack.offset, offset, contract.promise.dense, "the offset of an ack");
        demandSame(ack.timestamp, 1000 + offset, contract.record.same, "the timestamp of an ack");
        demand(strengths.includes(ack.durability), contract.promise.strength, () => {
          return `The durability of an ack is "${ack.durability}", and not "${strengths.join('" or "')}".`;
        });
        demandSame(ack.duplicate, false, contract.log.producer, "whether an ack tells of a duplicate");
        demand(ack.bytes > 0 && ack.position > 0 && ack.flushMs >= 0, contract.promise.strength, () => {
          return `An ack says ${ack.bytes} bytes at position ${ack.position}, flushed in ${ack.flushMs} ms.`;
        });
        demandSame(log.durable, offset + 1, contract.log.durable, "log.durable after an ack");
        demandSame(log.next, offset + 1, contract.log.next, "log.next after an ack");
      }
    },
  },
  {
    name: "records of every form come back byte for byte, also when the log is opened again",
    async run(bench) {
      let log = await openedLog(bench);
      for (const record of records) await log.append(record);
      for (let turn = 0; turn < 2; turn++) {
        let offset = 0;
        for await (const record of log.read()) {
          demandSame(record.offset, offset, contract.promise.dense, "the offset of a record");
          demandRecord(record, records[offset]!, offset);
          offset++;
        }
        demandSame(offset, records.length, contract.promise.durable, "the number of records");
        log = await reopenedLog(bench);
      }
    },
  },
  {
    name: "a record that was read can be appended as it is",
    async run(bench) {
      const log = await openedLog(bench);
      await log.append(records[4]!);
      for await (const record of log.read()) {
        const { key, value, headers, timestamp, kind } = record;
        await log.append({ key, value, headers, timestamp, kind });
      }
      for await (const record of log.read({ from: 1 })) demandRecord(record, records[4]!, record.offset);
    },
  },
  {
    name: "appends that are made at the same time get dense offsets in the order of the calls",
    async run(bench) {
      const log = await openedLog(bench);
      const acks = await Promise.all(values(0, 1000).map((value) => log.append({ value })));
      for (const [index, ack] of acks.entries())
        demandSame(ack.offset, index, contract.promise.dense, `offset ${index}`);
      await demandValues(log, 0, values(0, 1000), contract.promise.durable);
      await demandValues(await reopenedLog(bench), 0, values(0, 1000), contract.promise.durable);
    },
  },
  {
    name: "appends while others are on their way are all acknowledged, and none twice",
    async run(bench) {
      const log = await openedLog(bench);
      const offsets: number[] = [];
      const callers = Array.from({ length: 8 }, async (_, caller) => {
        for (let turn = 0; turn < 12; turn++)
          offsets.push((await log.append({ value: valueOf(caller * 100 + turn) })).offset);
      });
      await Promise.all(callers);
      demandSame(new Set(offsets).size, 96, contract.promise.dense, "the number of different offsets");
      demandSame(log.next, 96, contract.promise.dense, "log.next");
    },
  },
  {
    name: "a batch gets consecutive offsets and is read as one",
    async run(bench) {
      const log = await openedLog(bench);
      await appendValues(log, 0, 1);
      const acks = await log.appendBatch(values(1, 51).map((value) => ({ value })));
      demandSame(acks.length, 50, contract.promise.atomic, "the number of acks");
      demandSame(acks[0]!.offset, 1, contract.promise.dense, "the first offset of the batch");
      demandSame(acks[49]!.offset, 50, contract.promise.dense, "the last offset of the batch");
      const sizes: number[] = [];
      for await (const batch of log.readBatches({ from: 1 })) sizes.push([...batch].length);
      demandSame(sizes.join(), "50", contract.log.batches, "the sizes of the batches that were read");
      await demandValues(await reopenedLog(bench), 0, values(0, 51), contract.promise.durable);
    },
  },
  {
    name: "a staged record is not seen before it is durable, and is with the next flush",
    async run(bench) {
      const log = await openedLog(bench);
      for (let offset = 0; offset < 10; offset++) {
        demandSame(log.stage({ value: valueOf(offset) }), offset, contract.log.stage, "the answer of stage");
      }
      demandSame(log.next, 10, contract.log.next, "log.next");
      demandSame(log.durable, 0, contract.promise.visible, "log.durable before the flush");
      await log.flush();
      demandSame(log.durable, 10, contract.log.flush, "log.durable after the flush");
      await demandValues(log, 0, values(0, 10), contract.log.flush);
    },
  },
  {
    name: "a relaxed log acknowledges with the strength that it has, and a flush makes it durable",
    async run(bench) {
      const log = await openedLog(bench, { durability: "relaxed" });
      const ack = await log.append({ value: valueOf(0) });
      const { durability, written = "os" } = bench.storage;
      const expected = durability === "memory" ? "memory" : written;
      demandSame(ack.durability, expected, contract.options.relaxed, "the durability of an ack");
      await log.flush();
      demandSame(log.durable, 1, contract.log.flush, "log.durable after the flush");
      await demandValues(await reopenedLog(bench), 0, values(0, 1), contract.options.relaxed);
    },
  },
  {
    name: "when too much is on its way, stage throws FULL and append waits, and nothing is lost",
    async run(bench) {
      const log = await openedLog(bench, { maxPendingBytes: 2000 });
      const staged: string[] = [];
      const stage = (): void => {
        for (let number = 0; number < 1000; number++) {
          log.stage({ value: valueOf(number, 100) });
          staged.push(valueOf(number, 100));
        }
      };
      await demandCode(stage, "FULL", contract.log.full, "Staging 100,000 bytes with maxPendingBytes 2000");
      const appended = values(1000, 1050, 100);
      await Promise.all(appended.map((value) => log.append({ value })));
      await demandValues(log, 0, [...staged, ...appended], contract.options.pending);
    },
  },
  {
    name: "what is refused takes no offset and leaves the log as it is",
    async run(bench) {
      const log = await openedLog(bench, { maxBatchBytes: 1000 });
      await appendValues(log, 0, 2);
      const tooLarge = () => log.append({ value: pattern(2000, 1) });
      await demandCode(tooLarge, "TOO_LARGE", contract.errors.tooLarge, "Appending more than maxBatchBytes");
      for (const wrong of [{ value: 1 }, { kind: 128 }, { timestamp: -1 }, "text"]) {
        const append = () => log.append(wrong as RecordInput);
        await demandFailure(append, contract.record.same, "Appending what is no record");
      }
      demandSame(
        (await log.append({ value: valueOf(2) })).offset,
        2,
        contract.promise.dense,
        "the next offset",
      );
      await demandValues(await reopenedLog(bench), 0, values(0, 3), contract.promise.dense);
    },
  },
  {
    name: "a producer's record that is sent twice is stored once, also when the log is opened again",
    async run(bench) {
      let log = await openedLog(bench);
      const send = (sequence: number, epoch = 1) =>
        log.append({ value: valueOf(sequence) }, { producer: { id: "p", epoch, sequence } });
      for (let sequence = 0; sequence < 3; sequence++) await send(sequence);
      for (let turn = 0; turn < 2; turn++) {
        const again = await send(1);
        demandSame(
          again.duplicate,
          true,
          contract.log.producer,
          "whether the second ack tells of a duplicate",
        );
        demandSame(again.offset, 1, contract.log.producer, "the offset of the second ack");
        log = await reopenedLog(bench);
      }
      await log.append({ value: valueOf(3) }, { producer: { id: "p", epoch: 2, sequence: 0 } });
      await demandCode(() => send(3), "FENCED", contract.errors.fenced, "Appending with the epoch of before");
      await demandValues(log, 0, values(0, 4), contract.log.producer);
    },
  },
  {
    name: "the log lies in the files that its acks name",
    async run(bench) {
      const log = await openedLog(bench, { segment: { maxBytes: 1000 } });
      const named = new Set<string>();
      for (let number = 0; number < 30; number++)
        named.add((await log.append({ value: valueOf(number, 90) })).segment);
      await bench.closeAll();
      const place = await bench.reader();
      demandSameNames(
        await place.list(),
        [...named],
        contract.format.names,
        "what the place of the log lists",
      );
    },
  },
];

/** What a flush may mean: what the storage says, or less where a new file's flush answers less. */
async function strengthsOf(bench: Bench): Promise<Durability[]> {
  const place = await bench.place(["conformance", "strength"]);
  const reached = (await (await bench.create(place, segmentName(0))).flush()) ?? bench.storage.durability;
  await bench.closeAll();
  return [...new Set([reached, bench.storage.durability])];
}
