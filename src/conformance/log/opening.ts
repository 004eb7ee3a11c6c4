/** Opening: the lock, what is found, and what is done when it is damaged. */
import { openLog, openReader, salvage, type Signal } from "../../index.ts";
import type { Bench } from "../bench.ts";
import type { Check } from "../check.ts";
import type { Clause } from "../clause.ts";
import { demand, demandFailure, demandSame, demandSameBytes, demandSameNames, messageOf } from "../demand.ts";
import {
  appendValues,
  demandCode,
  demandValues,
  openedLog,
  reopenedLog,
  topic,
  valueOf,
  values,
} from "./bench.ts";
import * as contract from "./contract.ts";

const small = { segment: { maxBytes: 1200 } };

export const openings: readonly Check[] = [
  {
    name: "a log that was closed is the same when opened again, and nothing had to be recovered",
    async run(bench) {
      const log = await openedLog(bench, small);
      await appendValues(log, 0, 50, 100);
      const before = { ...log.stats() };
      const again = await reopenedLog(bench, small);
      await demandValues(again, 0, values(0, 50, 100), contract.promise.durable);
      demandSame(again.stats().segments, before.segments, contract.log.close, "the number of segments");
      demandSame(again.next, 50, contract.log.next, "log.next");
      demandSame(
        (await again.append({ value: valueOf(50, 100) })).offset,
        50,
        contract.promise.dense,
        "the next offset",
      );
    },
  },
  {
    name: "an empty log can be opened and closed again and again, and does not grow",
    async run(bench) {
      for (let turn = 0; turn < 5; turn++) {
        const log = await reopenedLog(bench);
        await demandValues(log, 0, [], contract.opening.created);
        demandSame(log.stats().segments, 1, contract.opening.created, "the number of segments");
      }
      await bench.closeAll();
      const names = await (await bench.reader()).list();
      demandSame(names.length, 1, contract.opening.created, "the number of files");
    },
  },
  {
    name: "a second openLog gets LOCKED, gets the log when it waits, and gives up on a signal",
    async run(bench) {
      const log = await openedLog(bench);
      await appendValues(log, 0, 3);
      const open = (options: object) => () => openLog({ storage: bench.storage, topic, ...options });
      await demandCode(open({}), "LOCKED", contract.promise.lock, "Opening a log that is open");
      await demandCode(
        open({ lockWaitMs: 50 }),
        "LOCKED",
        contract.options.lockWait,
        "Waiting 50 ms for a log that is open",
      );
      const aborted: Signal = {
        aborted: true,
        reason: new Error("given up"),
        addEventListener: () => undefined,
        removeEventListener: () => undefined,
      };
      const error = await demandFailure(
        open({ lockWaitMs: 60_000, signal: aborted }),
        contract.options.lockWait,
        "Waiting with an aborted signal",
      );
      demandSame(
        error === aborted.reason,
        true,
        contract.options.lockWait,
        "whether it failed with the signal's reason",
      );
      const waiting = openedLog(bench, { lockWaitMs: 60_000 });
      await bench.storage.sleep(50);
      await bench.close(log);
      await demandValues(await waiting, 0, values(0, 3), contract.options.lockWait);
    },
  },
  {
    name: "partitions and topics are logs of their own",
    async run(bench) {
      const addresses = [
        { partition: 0 },
        { partition: 1 },
        { topic: "other" },
        { topic: "Über/alles: 100 %" },
      ];
      for (let turn = 0; turn < 2; turn++) {
        for (const [index, address] of addresses.entries()) {
          const log = bench.keep(await openLog({ storage: bench.storage, topic, ...address }));
          await log.append({ value: valueOf(turn * 10 + index) });
          const expected = turn === 0 ? [valueOf(index)] : [valueOf(index), valueOf(10 + index)];
          await demandValues(log, 0, expected, contract.promise.dense);
        }
        await bench.closeAll();
      }
    },
  },
  {
    name: "damage to what was flushed is CORRUPT, changes nothing, and frees the lock",
    async run(bench) {
      const segment = await damagedLog(bench, 20);
      const before = await filesOf(bench);
      for (let turn = 0; turn < 2; turn++) {
        await demandCorrupt(
          () => openLog({ storage: bench.storage, topic }),
          segment,
          "Opening a damaged log",
        );
      }
      await demandUnchanged(bench, before, contract.opening.unchanged);
    },
  },
  {
    name: "damage to a record that was flushed is CORRUPT when it is read, and nothing behind it is served",
    async run(bench) {
      const segment = await damagedLog(bench, 70);
      const log = bench.keep(await openLog({ storage: bench.storage, topic }));
      const found: number[] = [];
      const read = async (): Promise<void> => {
        for await (const { offset } of log.read()) found.push(offset);
      };
      await demandCorrupt(read, segment, "Reading a damaged record");
      const before = Array.from({ length: 30 }, (_, offset) => offset);
      demandSame(found.join(), before.join(), contract.promise.corrupt, "the offsets before the damage");
    },
  },
  {
    name: "a damaged log is salvaged to another place under its offsets, and stays as it is",
    async run(bench) {
      const { segment, position } = await filledLog(bench);
      await bench.closeAll();
      await damage(bench, segment, position + 70);
      const before = await filesOf(bench);
      const to = { storage: bench.storage, topic: "salvaged" };
      const report = await salvage({ storage: bench.storage, topic }, to);
      const lost = report.lost.map(({ first, next }) => `[${first}, ${next})`).join();
      demandSame(lost, "[30, 31)", contract.salvaging.copies, "what was lost");
      const saved = bench.keep(await openLog(to));
      const found: number[] = [];
      for await (const { offset } of saved.read()) found.push(offset);
      const kept = [...Array.from({ length: 30 }, (_, offset) => offset), 31];
      demandSame(found.join(), kept.join(), contract.salvaging.copies, "the offsets that were saved");
      await demandUnchanged(bench, before, contract.salvaging.untouched);
    },
  },
  {
    name: "a reader of a log that does not exist is told UNAVAILABLE, and creates nothing",
    async run(bench) {
      const open = () => openReader({ storage: bench.storage, topic });
      for (let turn = 0; turn < 2; turn++) {
        await demandCode(
          open,
          "UNAVAILABLE",
          contract.errors.unavailable,
          "Reading a log that does not exist",
        );
      }
    },
  },
];

/** A log of 32 records, which is open. Answers its segment, and where the batch of the record 30 begins in it. */
async function filledLog(bench: Bench): Promise<{ segment: string; position: number }> {
  const log = await openedLog(bench);
  await appendValues(log, 0, 30);
  const { position } = await log.append({ value: valueOf(30) });
  const { segment } = await log.append({ value: valueOf(31) });
  return { segment, position };
}

/** Such a log that was not closed, with a bit turned in the batch of the record 30. Answers the name of its segment. */
async function damagedLog(bench: Bench, at: number): Promise<string> {
  const { segment, position } = await filledLog(bench);
  // Without its close batch, the log is looked through from its start when it is opened.
  await cutClose(bench, segment, 3);
  await damage(bench, segment, position + at);
  return segment;
}

async function demandCorrupt(action: () => unknown, segment: string, what: string): Promise<void> {
  const error = await demandCode(action, "CORRUPT", contract.promise.corrupt, what);
  demandSame(error.segment, segment, contract.promise.corrupt, "the segment that the error names");
  demand(
    error.position !== undefined,
    contract.promise.corrupt,
    () => `The error names no position: ${messageOf(error)}.`,
  );
}

/** Cuts `count` bytes off the end of a file. */
async function cutClose(bench: Bench, name: string, count: number): Promise<void> {
  const place = await bench.reopened();
  const file = await bench.openFile(place, name);
  await file.truncate((await file.size()) - count);
  await file.flush();
  await bench.closeAll();
}

/** Turns one bit of a file. */
async function damage(bench: Bench, name: string, position: number): Promise<void> {
  const place = await bench.place();
  const file = await bench.openFile(place, name);
  const [byte] = await bench.read(file, position, 1, await file.size());
  await bench.write(file, new Uint8Array([byte! ^ 16]), position);
  await file.flush();
  await bench.closeAll();
}

async function filesOf(bench: Bench): Promise<Map<string, Uint8Array>> {
  const place = await bench.reader();
  const files = new Map<string, Uint8Array>();
  for (const name of await place.list()) {
    const file = await bench.openFile(place, name);
    files.set(name, await bench.bytesOf(file));
    await bench.close(file);
  }
  await bench.close(place);
  return files;
}

async function demandUnchanged(bench: Bench, before: Map<string, Uint8Array>, clause: Clause): Promise<void> {
  const after = await filesOf(bench);
  demandSameNames([...after.keys()], [...before.keys()], clause, "what the place lists");
  for (const [name, bytes] of before) {
    demandSameBytes(after.get(name)!, bytes, clause, name);
  }
}
