/** What the log does when an operation of the storage fails. The failure is made; the storage is real. */
import { openLog } from "../../index.ts";
import type { Bench } from "../bench.ts";
import type { Check } from "../check.ts";
import { demand, demandSame } from "../demand.ts";
import {
  appendValues,
  demandCode,
  demandValues,
  openedLog,
  reopenedLog,
  textOf,
  topic,
  valueOf,
  values,
} from "./bench.ts";
import * as contract from "./contract.ts";
import { Faults, withFaults } from "./faults.ts";

async function faultyLog(bench: Bench) {
  const faults = new Faults();
  const log = await openedLog(bench, {
    storage: withFaults(bench.storage, faults),
    segment: { maxBytes: 4000 },
  });
  return { faults, log };
}

/** What failed, and how it is made to fail. */
const kinds = [
  { what: "a flush", fail: (faults: Faults) => void (faults.flush = 1) },
  { what: "a short write", fail: (faults: Faults) => void (faults.shortWrite = 1) },
];

export const failures: readonly Check[] = kinds.flatMap(({ what, fail }): Check[] => [
  {
    name: `after ${what} that fails, the append is rejected, its offset is free, and the retry gets it in a new file`,
    async run(bench) {
      const { faults, log } = await faultyLog(bench);
      await appendValues(log, 0, 5);
      const { segment } = await log.append({ value: valueOf(5) });
      fail(faults);
      const append = () => log.append({ value: "rejected" });
      await demandCode(append, "FLUSH_FAILED", contract.log.rejected, `Appending with ${what} that fails`);
      demandSame(log.next, 6, contract.promise.failure, "log.next after the failure");
      demandSame(log.durable, 6, contract.promise.failure, "log.durable after the failure");
      await demandValues(log, 0, values(0, 6), contract.promise.visible);
      const ack = await log.append({ value: valueOf(6) });
      demandSame(ack.offset, 6, contract.promise.failure, "the offset of the retry");
      demand(
        ack.segment !== segment,
        contract.promise.failure,
        () => `The retry went into ${segment}, which failed.`,
      );
      demandSame(
        faults.touched.join(),
        "",
        contract.promise.failure,
        "what was done to the file that failed",
      );
      await demandValues(await reopenedLog(bench), 0, values(0, 7), contract.promise.failure);
    },
  },
  {
    name: `after ${what} that fails, everything on its way is rejected together, and a closed log keeps none of it`,
    async run(bench) {
      const { faults, log } = await faultyLog(bench);
      await appendValues(log, 0, 5);
      fail(faults);
      const appends = values(5, 25).map((value) => log.append({ value }));
      const outcomes = await Promise.allSettled(appends);
      const kept = outcomes.filter(({ status }) => status === "fulfilled").length;
      demandSame(kept, 0, contract.promise.failure, "the number of appends that were acknowledged");
      demandSame(log.next, 5, contract.promise.failure, "log.next after the failure");
      await demandValues(await reopenedLog(bench), 0, values(0, 5), contract.promise.failure);
    },
  },
  {
    name: `after ${what} that fails while a segment is begun, nothing has changed, and the next append goes on`,
    async run(bench) {
      const { faults, log } = await faultyLog(bench);
      await appendValues(log, 0, 5);
      fail(faults);
      await demandCode(
        () => log.rotate(),
        "FLUSH_FAILED",
        contract.promise.failure,
        `Rotating with ${what} that fails`,
      );
      await demandValues(log, 0, values(0, 5), contract.promise.failure);
      await appendValues(log, 5, 9);
      await demandValues(await reopenedLog(bench), 0, values(0, 9), contract.promise.failure);
    },
  },
  {
    name: `after ${what} that fails while a new log is created, the log can be created again`,
    async run(bench) {
      const faults = new Faults();
      fail(faults);
      const open = () => openLog({ storage: withFaults(bench.storage, faults), topic });
      await demandCode(
        open,
        "UNAVAILABLE",
        contract.errors.unavailable,
        `Creating a log with ${what} that fails`,
      );
      const log = await openedLog(bench);
      await appendValues(log, 0, 3);
      await demandValues(await reopenedLog(bench), 0, values(0, 3), contract.opening.created);
    },
  },
]);

export const readFailures: readonly Check[] = [
  {
    name: "a read that fails is READ_FAILED, says nothing about the bytes, and the next one succeeds",
    async run(bench) {
      const { faults, log } = await faultyLog(bench);
      await appendValues(log, 0, 10);
      faults.read = 1;
      const read = async (): Promise<unknown> => log.read().next();
      await demandCode(read, "READ_FAILED", contract.errors.readFailed, "Reading with a read that fails");
      const found: string[] = [];
      for await (const record of log.read()) found.push(textOf(record.value));
      demandSame(found.join(), values(0, 10).join(), contract.errors.readFailed, "what is read then");
      await appendValues(log, 10, 12);
    },
  },
  {
    name: "a read that fails while a log is opened fails the opening, cuts nothing off, and frees the lock",
    async run(bench) {
      const { log } = await faultyLog(bench);
      await appendValues(log, 0, 10);
      await bench.closeAll();
      for (let reads = 1; reads <= 3; reads++) {
        const faults = new Faults();
        faults.read = reads;
        const open = () => openLog({ storage: withFaults(bench.storage, faults), topic });
        await demandCode(open, "READ_FAILED", contract.errors.readFailed, "Opening with a read that fails");
      }
      await demandValues(await openedLog(bench), 0, values(0, 10), contract.errors.readFailed);
    },
  },
];
