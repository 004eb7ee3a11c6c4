/** What is left of a log after a loss of power: everything that was acknowledged, and nothing made up. */
import type { Log } from "../../index.ts";
import type { Bench } from "../bench.ts";
import { Dice } from "../bytes.ts";
import type { Check } from "../check.ts";
import { ConformanceError, demand, demandSame, messageOf } from "../demand.ts";
import { appendValues, demandValues, openedLog, textOf, valueOf, values, valuesOf } from "./bench.ts";
import * as contract from "./contract.ts";

const needs = ["losePower"] as const;
const small = { segment: { maxBytes: 1500 } };

async function logAfter(bench: Bench, options: object = small): Promise<Log> {
  await bench.losePower();
  return openedLog(bench, options);
}

export const power: readonly Check[] = [
  {
    name: "after a loss of power, the first record of a new log is there",
    needs,
    async run(bench) {
      const log = await openedLog(bench);
      await appendValues(log, 0, 1);
      await demandValues(await logAfter(bench), 0, values(0, 1), contract.promise.crash);
    },
  },
  {
    name: "after a loss of power, every acknowledged record is there, also those of segments just begun",
    needs,
    async run(bench) {
      const log = await openedLog(bench, small);
      await appendValues(log, 0, 33, 100);
      await log.rotate();
      await appendValues(log, 33, 34, 100);
      await demandValues(await logAfter(bench), 0, values(0, 34, 100), contract.promise.crash);
    },
  },
  {
    name: "after a loss of power, what was truncated away at either end stays away",
    needs,
    async run(bench) {
      const log = await openedLog(bench, small);
      await appendValues(log, 0, 50, 100);
      await log.truncateBefore(20);
      await log.truncateAfter(39);
      await appendValues(log, 40, 45, 100);
      const after = await logAfter(bench);
      await demandValues(after, 20, values(20, 45, 100), contract.log.truncateAfter);
    },
  },
  {
    name: "after a loss of power behind a failed recovery's work, the log is the same as before it",
    needs,
    async run(bench) {
      let log = await openedLog(bench, small);
      await appendValues(log, 0, 15, 100);
      for (let loss = 0; loss < 4; loss++) {
        log = await logAfter(bench);
        await demandValues(log, 0, values(0, 15, 100), contract.promise.crash);
      }
      demandSame(
        (await log.append({ value: valueOf(15) })).offset,
        15,
        contract.promise.dense,
        "the next offset",
      );
    },
  },
  {
    name: "after each of many losses of power in the middle of appends, everything acknowledged is there",
    needs,
    run: (bench) => told(bench, () => loseOften(bench)),
  },
];

const losses = 12;

/** Appends, batches, rotations and truncations at once, cut off at any moment. */
async function loseOften(bench: Bench): Promise<void> {
  const dice = new Dice(bench.seed);
  /** What was acknowledged, by offset. */
  const known = new Map<number, string>();
  let first = 0;
  let log = await openedLog(bench, small);
  let number = 0;
  for (let loss = 0; loss < losses; loss++) {
    let isOver = false;
    const writing = log;
    const append = async (): Promise<void> => {
      while (!isOver) {
        const count = 1 + dice.below(4);
        const texts = values(number, (number += count), 10 + dice.below(300));
        const acks =
          count === 1
            ? [await writing.append({ value: texts[0]! })]
            : await writing.appendBatch(texts.map((value) => ({ value })));
        if (isOver) return;
        for (const [index, ack] of acks.entries()) known.set(ack.offset, texts[index]!);
        // A backend whose promises need no turn of the event loop would never let one happen.
        if (dice.below(3) === 0) await bench.storage.sleep(0);
      }
    };
    const maintain = async (): Promise<void> => {
      while (!isOver) {
        await writing.flush();
        const what = dice.below(12);
        if (what === 0) await writing.rotate();
        if (what === 1) {
          const before = writing.first + dice.below(writing.durable - writing.first + 1);
          await writing.truncateBefore(before);
          if (!isOver) first = Math.max(first, before);
        }
        await bench.storage.sleep(0);
      }
    };
    // They end by themselves, or with the error that a dead disk answers: nobody waits for them.
    for (const work of [append(), append(), append(), maintain()]) work.catch(() => undefined);
    await bench.storage.sleep(dice.below(25));
    isOver = true;
    log = await logAfter(bench);
    await demandKnown(log, first, known);
  }
  demand(known.size > 0, contract.promise.crash, () => "No append was acknowledged in all this time.");
}

async function demandKnown(log: Log, first: number, known: Map<number, string>): Promise<void> {
  demand(
    log.first >= first,
    contract.log.truncateBefore,
    () => `log.first is ${log.first}, after truncateBefore(${first}).`,
  );
  const found = await valuesOf(log);
  for (const [offset, text] of known) {
    if (offset < log.first) known.delete(offset);
    else
      demandSame(
        found[offset - log.first],
        text,
        contract.promise.crash,
        `the value that was acknowledged at offset ${offset}`,
      );
  }
  // What was found once is durable now, acknowledged or not.
  for await (const record of log.read()) known.set(record.offset, textOf(record.value));
}

/** Adds the seed to whatever goes wrong. */
async function told(bench: Bench, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (cause) {
    const again = `The option seed was ${bench.seed}; the moments of the losses depend on the machine as well.`;
    if (cause instanceof ConformanceError)
      throw new ConformanceError(`${cause.did} ${again}`, cause.clause, { cause });
    throw new Error(`${messageOf(cause)} ${again}`, { cause });
  }
}
