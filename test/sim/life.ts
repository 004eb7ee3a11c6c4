/**
 * One log of a run: it asks for what the plan says, tells the judge what the log answers, and holds what
 * can be read against what the judge knows.
 */
import {
  type Log,
  type LogReader,
  openLog,
  openReader,
  type Storage,
  WalError,
  type WalErrorCode,
} from "../../src/index.ts";
import { lineOf, recordOf } from "./content.ts";
import { type Circumstance, type Effect, Judge, type State, type Status, type Step, told } from "./judge.ts";
import type { LogPlan } from "./plan.ts";

/** What a life asks of the run that it belongs to. */
export interface Surroundings {
  readonly storage: Storage;
  readonly isDead: boolean;
  /** Whether reading may fail because it was planned. */
  readonly mayNotRead: boolean;
  /** Whether an operation was to fail with this error. */
  isPlanned(error: unknown): boolean;
  /** A number that no other record has. */
  number(): number;
  /** Something was seen that must not be. */
  fail(error: unknown): void;
}

interface Produced {
  readonly epoch: number;
  /** Below this, all sequences were acknowledged. */
  acked: number;
  /** The numbers of its records, by sequence. */
  readonly numbers: number[];
}

export class Life {
  readonly plan: LogPlan;
  readonly judge: Judge;
  log: Log | undefined;
  /** Set while the log is being closed, and what came of it. */
  closing: "no" | "asked" | "closed" | "failed" = "no";
  /** What a reader without the lock saw before the log was opened. */
  #seen: State | undefined;
  #pending: Promise<void>[] = [];
  #followers = new AbortController();
  #durable = 0;
  /** The lines that were rejected since they were last asked for. */
  #rejected: number[] = [];
  readonly #producers: Produced[] = [0, 1].map(() => ({ epoch: 1, acked: 0, numbers: [] }));
  readonly #around: Surroundings;

  constructor(plan: LogPlan, around: Surroundings) {
    this.plan = plan;
    this.#around = around;
    this.judge = new Judge(plan.retentionBytes !== undefined);
  }

  /** Everything that is under way. Followers are not: they never end. */
  get pending(): readonly Promise<void>[] {
    return this.#pending;
  }

  /** Opens the log, after a look at it without the lock. */
  async open(): Promise<void> {
    this.#seen = this.#around.mayNotRead ? undefined : await this.#look();
    const { topic, segmentBytes, relaxed, retentionBytes, pendingBytes } = this.plan;
    this.log = await openLog({
      storage: this.#around.storage,
      topic,
      segment: { maxBytes: segmentBytes },
      retention: { maxBytes: retentionBytes },
      durability: relaxed ? "relaxed" : "strict",
      maxPendingBytes: pendingBytes,
    });
    this.closing = "no";
  }

  /** Holds what was found when the log was opened against the model, and against what a reader saw. */
  async recovered(circumstance: Circumstance): Promise<void> {
    const found = await stateOf(this.log!);
    const seen = this.#seen;
    const isRetained = this.plan.retentionBytes !== undefined && seen?.lines.length === found.lines.length;
    if (seen !== undefined && told(seen) !== told(found) && !isRetained) {
      throw new Error(`a reader saw ${told(seen)}\n  and the log that was opened then holds ${told(found)}`);
    }
    this.#confirm(found, circumstance);
    // Another log object counts its own failures, and what was rejected before is settled.
    this.judge.steps = [];
    this.judge.failures = 0;
  }

  /** Holds the living log against the model. */
  async compare(): Promise<void> {
    const log = this.log!;
    const { first, next, durable } = log;
    if (next !== durable) throw new Error(`all is flushed, but next is ${next} and durable ${durable}`);
    const found = await stateOf(log);
    if (found.first !== first || found.lines.length !== next) {
      throw new Error(`the log says that it holds [${first}, ${next}), and reads ${told(found)}`);
    }
    this.#confirm(found, "alive");
  }

  #confirm(found: State, circumstance: Circumstance): void {
    this.judge.confirm(found, circumstance, circumstance === "alive" ? 0 : this.#durable);
    this.#durable = found.lines.length;
  }

  /** What a reader without the lock sees, or nothing where there is no log. */
  async #look(): Promise<State | undefined> {
    try {
      const reader = await openReader({ storage: this.#around.storage, topic: this.plan.topic });
      const state = await stateOf(reader);
      await reader.close().catch(() => undefined);
      return state;
    } catch (error) {
      if (codeOf(error) === "UNAVAILABLE") return undefined;
      throw error;
    }
  }

  /** Where the log lies on the disk. */
  get path(): string {
    return `${this.plan.topic}/0`;
  }

  /** Reads a log that may be damaged. It may be refused, and at most `lossMax` records may be gone from its end. */
  async survey(lossMax: number): Promise<void> {
    const { certain } = this.judge;
    const { storage } = this.#around;
    const { topic } = this.plan;
    const wayIn = [() => openReader({ storage, topic }), () => openLog({ storage, topic })];
    for (const open of wayIn) {
      let next = certain.first;
      try {
        for await (const record of (await open()).read()) {
          const expected = certain.lines[record.offset];
          const isRight = record.offset === next++ && lineOf(record) === expected;
          if (!isRight)
            throw new Error(`offset ${record.offset} reads ${lineOf(record)}, and was ${expected}`);
        }
      } catch (error) {
        if (["CORRUPT", "FORMAT"].includes(codeOf(error) ?? "")) continue;
        throw error;
      }
      if (next < certain.lines.length - lossMax)
        throw new Error(`only [${certain.first}, ${next}) is left of ${told(certain)}`);
    }
  }

  append(): void {
    this.#append([this.#around.number()]);
  }

  batch(count: number): void {
    const numbers = Array.from({ length: count }, () => this.#around.number());
    const records = numbers.map((number) => recordOf(number));
    const step = this.#ask({ kind: "append", lines: records.map((record) => lineOf(record)) });
    this.#follow(
      step,
      this.log!.appendBatch(records),
      (acks) => {
        for (const [index, ack] of acks.entries()) this.#acked(step, ack, index);
      },
      numbers,
    );
  }

  stage(count: number): void {
    for (let index = 0; index < count; index++) {
      const record = recordOf(this.#around.number());
      const step = this.#ask({ kind: "append", lines: [lineOf(record)] }, "staged");
      try {
        this.log!.stage(record);
      } catch (error) {
        this.#fails(step, error);
      }
    }
  }

  /** A producer sends, in one batch, what was not acknowledged, some of what was, and new records. */
  produce(index: number, count: number, again: number): void {
    const producer = this.#producers[index]!;
    const { epoch, numbers, acked } = producer;
    const sequence = Math.max(0, Math.min(acked, numbers.length - again));
    for (let fresh = 0; fresh < count; fresh++) numbers.push(this.#around.number());
    const id = `p${index}`;
    const records = numbers
      .slice(sequence)
      .map((number, place) => recordOf(number, { id, epoch, sequence: sequence + place }));
    if (records.length === 0) return;
    const step = this.#ask({ kind: "append", lines: records.map((record) => lineOf(record, true)) });
    const options = { producer: { id, epoch, sequence } };
    this.#follow(step, this.log!.appendBatch(records, options), (acks) => {
      for (const [place, ack] of acks.entries()) this.#acked(step, ack, place);
      producer.acked = Math.max(producer.acked, sequence + acks.length);
    });
  }

  /** A new incarnation of a producer takes over, and the old one is refused. */
  fence(index: number): void {
    const old = this.#producers[index]!;
    this.#producers[index] = { epoch: old.epoch + 1, acked: 0, numbers: [] };
    this.produce(index, 1, 0);
  }

  flush(): void {
    this.#follow(this.#ask({ kind: "nothing" }), this.log!.flush());
  }

  rotate(): void {
    const step = this.#ask({ kind: "nothing" });
    this.#follow(step, this.log!.rotate(), (segment) => {
      step.settles = segment !== undefined;
    });
  }

  before(at: number): void {
    const { first, lines } = this.judge.expected;
    const to = first + Math.floor(at * (lines.length - first + 1));
    this.#follow(this.#ask({ kind: "before", to }), this.log!.truncateBefore(to));
  }

  after(at: number): void {
    const { first, lines } = this.judge.expected;
    const to = first - 1 + Math.floor(at * (lines.length - first + 1));
    this.#follow(this.#ask({ kind: "after", to }), this.log!.truncateAfter(to));
  }

  close(): void {
    this.closing = "asked";
    const ended = this.log!.close().then(
      () => void (this.closing = "closed"),
      () => void (this.closing = "failed"),
    );
    this.#pending.push(ended);
  }

  /** Reads on and on, from somewhere in the log, and looks at each record that it is given. */
  follow(at: number): void {
    const log = this.log!;
    const from = log.first + Math.floor(at * (log.durable - log.first + 1));
    void this.#read(log, from, this.#followers.signal).catch((error: unknown) => {
      const code = codeOf(error);
      const isForeseen = code === "TRUNCATED" || code === "CLOSED";
      if (isForeseen || this.#isOver(log) || this.#isUnread(error)) return;
      this.#around.fail(error);
    });
  }

  async #read(log: Log, from: number, signal: AbortSignal): Promise<void> {
    let next = from;
    for await (const record of log.read({ from, follow: true, signal })) {
      const { offset } = record;
      if (this.#isOver(log)) return;
      if (offset !== next++)
        throw new Error(`a follower was given offset ${offset} where ${next - 1} follows`);
      const mayBeCut = this.judge.steps.some(({ effect }) => effect.kind === "after");
      if (offset >= log.durable && !mayBeCut) {
        throw new Error(`a follower was given offset ${offset}, and the log is durable up to ${log.durable}`);
      }
      if (!mayBeCut) this.judge.witness(offset, lineOf(record));
    }
  }

  /** Somebody without the lock reads the log as it is now. */
  observe(): void {
    const log = this.log!;
    const observe = async (): Promise<void> => {
      const reader = await openReader({ storage: this.#around.storage, topic: this.plan.topic });
      for await (const record of reader.read()) {
        const mayBeCut = this.judge.steps.some(({ effect }) => effect.kind === "after");
        if (record.durable && !mayBeCut && !this.#isOver(log))
          this.judge.witness(record.offset, lineOf(record));
      }
      // What a handle that will not close says is the platform's own.
      await reader.close().catch(() => undefined);
    };
    const looked = observe().catch((error: unknown) => {
      const code = codeOf(error);
      const isForeseen = code === "TRUNCATED" || code === "UNAVAILABLE" || code === "READ_FAILED";
      if (!isForeseen && !this.#isOver(log)) this.#around.fail(error);
    });
    this.#pending.push(looked);
  }

  /** Appends again, or something else instead, what was rejected since the last time. */
  answer(how: "nothing" | "same" | "other"): boolean {
    const rejected = this.#rejected.splice(0);
    if (how === "nothing") return false;
    for (const number of rejected) this.#append([how === "same" ? number : this.#around.number()]);
    return rejected.length > 0;
  }

  /** Everything that was under way has ended. */
  settled(): void {
    this.#pending = [];
    this.watch();
  }

  abandon(): void {
    this.#followers.abort();
    this.#followers = new AbortController();
    this.log = undefined;
    this.#pending = [];
  }

  #append([number]: readonly [number] | number[]): void {
    const record = recordOf(number!);
    const step = this.#ask({ kind: "append", lines: [lineOf(record)] });
    this.#follow(step, this.log!.append(record), (ack) => this.#acked(step, ack, 0), [number!]);
  }

  #acked(step: Step, ack: { offset: number; durability: string; duplicate: boolean }, index: number): void {
    const { lines } = step.effect as { lines: readonly string[] };
    if (ack.durability === "os" && this.plan.relaxed) step.status = "written";
    else if (ack.durability !== "disk") throw new Error(`an acknowledgement says ${ack.durability}`);
    else if (!this.#cuts()) this.judge.witness(ack.offset, lines[index]!);
    if (ack.duplicate && !lines[index]!.startsWith("~")) throw new Error(`${lines[index]} is no duplicate`);
  }

  /** Whether what a log says is of no interest any more, because its machine has crashed. */
  #isOver(log: Log): boolean {
    return this.log !== log || this.#around.isDead;
  }

  #cuts(): boolean {
    return this.judge.steps.some(({ effect, status }) => effect.kind === "after" && status !== "refused");
  }

  #ask(effect: Effect, status?: Status): Step {
    this.watch();
    return this.judge.ask(effect, this.log!.stats().flushFailures, status);
  }

  /** Looks at the log's counters. `durable` never goes back, unless the end of the log is cut off. */
  watch(): void {
    const { log } = this;
    if (log === undefined || this.#around.isDead) return;
    this.judge.failures = log.stats().flushFailures;
    if (log.durable < this.#durable && !this.#cuts()) {
      this.#around.fail(new Error(`durable went back from ${this.#durable} to ${log.durable}`));
    }
    this.#durable = log.durable;
  }

  #follow<T>(
    step: Step,
    promise: Promise<T>,
    done?: (value: T) => void,
    numbers: readonly number[] = [],
  ): void {
    const log = this.log!;
    const follow = async (): Promise<void> => {
      let value: T;
      try {
        value = await promise;
      } catch (error) {
        // What could not read may have been refused before the crash, though this is heard behind it.
        const isUnread = codeOf(error) === "READ_FAILED";
        if (this.log === log && this.#around.isDead && isUnread) step.status = "unsure";
        if (this.#isOver(log)) return;
        this.#fails(step, error);
        if (step.status === "rejected") this.#rejected.push(...numbers);
        return;
      }
      if (this.log !== log) return;
      // What was flushed before a crash may be acknowledged behind it, but nothing can be said of the rest.
      if (this.#around.isDead && step.effect.kind !== "append") return;
      step.status = "acked";
      done?.(value);
      this.watch();
    };
    const ended = follow();
    this.#pending.push(ended.catch((error: unknown) => this.#around.fail(error)));
  }

  /** Whether it says that something could not be read, which was to be so. */
  #isUnread(error: unknown): boolean {
    return codeOf(error) === "READ_FAILED" && this.#around.isPlanned((error as WalError).cause);
  }

  #fails(step: Step, error: unknown): void {
    const code = codeOf(error);
    const { kind } = step.effect;
    const isProduced = kind === "append" && step.effect.lines[0]!.startsWith("~");
    // Some of a producer's records may be known, and hard to find, and the others written.
    const isRecalled = isProduced && this.judge.knows(step.effect.lines[0]!);
    const isRecallFailed = ["FLUSH_FAILED", "FULL", "READ_FAILED", "DUPLICATE", "TRUNCATED"].includes(
      code ?? "",
    );
    if (isRecalled && isRecallFailed) {
      step.status = "unsure";
      return;
    }
    // A failure from before is told once, to whoever comes next, and then nothing was tried.
    // A disk that is full is the cause of one; a buffer that is full has none.
    const isFullDisk = code === "FULL" && (error as WalError).cause !== undefined;
    if (code === "FLUSH_FAILED" || isFullDisk) {
      step.status = this.log!.stats().flushFailures > step.tries ? "rejected" : "refused";
      return;
    }
    if (isProduced && code === "DUPLICATE") {
      step.status = "unsure";
      return;
    }
    step.status = "refused";
    const isOutOfRange = error instanceof RangeError && (kind === "before" || kind === "after");
    const isClosed = code === "CLOSED" && this.closing !== "no";
    const isFull = code === "FULL" && (this.plan.pendingBytes !== undefined || this.#cuts());
    if (!isOutOfRange && !isClosed && !isFull && !this.#isUnread(error)) this.#around.fail(error);
  }
}

/** Everything that can be read, from the first record to the last. */
export async function stateOf(log: Log | LogReader): Promise<State> {
  const { first } = log;
  const lines: string[] = [];
  lines.length = first;
  for await (const record of log.read()) {
    if (record.offset !== lines.length) {
      throw new Error(`offset ${record.offset} was read where ${lines.length} follows`);
    }
    lines.push(lineOf(record));
  }
  return { first, lines };
}

function codeOf(error: unknown): WalErrorCode | undefined {
  return error instanceof WalError ? error.code : undefined;
}
