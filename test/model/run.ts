/**
 * Does a list of commands to a real log and to the reference, and compares the two after each of them.
 */
import { expect } from "vitest";
import { type Ack, type Log, openReader, type RecordInput, WalError } from "../../src/index.ts";
import { linesOf } from "../support/content.ts";
import { type LogSettings, type Machine, topic } from "../support/machine.ts";
import type { Command, Verb } from "./commands.ts";
import { type Entry, Reference } from "./reference.ts";
import { RetentionCheck } from "./retention-check.ts";

export class Run {
  readonly #machine: Machine;
  readonly #settings: LogSettings;
  readonly #reference = new Reference();
  readonly #retention: RetentionCheck;
  #log!: Log;

  constructor(machine: Machine, settings: LogSettings) {
    this.#machine = machine;
    this.#settings = settings;
    this.#retention = new RetentionCheck(machine, settings, this.#reference);
  }

  async all(commands: readonly Command[]): Promise<void> {
    await this.#open();
    for (const command of commands) {
      await this.#do(command);
      this.#retention.follow(this.#log);
      this.#compare(command);
    }
    await this.#end();
  }

  async #do(command: Command): Promise<unknown> {
    const reference = this.#reference;
    const machine = this.#machine;
    switch (command.do) {
      case "together":
        return Promise.all(
          command.verbs.filter((verb) => this.#isForeseeable(verb)).map((verb) => this.#start(verb)),
        );
      case "pass time":
        machine.now += command.ms;
        return undefined;
      case "reopen":
        await this.#log.close();
        reference.flush(reference.last);
        return this.#open();
      case "lose power":
        reference.durable = this.#log.durable;
        machine.losePower();
        return this.#openAfterCrash(reference.durable);
      case "die":
        await machine.die();
        return this.#openAfterCrash(Math.max(reference.durable, reference.written));
      case "read":
        return this.#read(command.from, command.to);
      case "offsetAt":
        return this.#look(command.at, command.shift);
      default:
        return this.#start(command);
    }
  }

  /** Calls a verb, tells the reference in the same moment, and checks the answer when it is there. */
  async #start(verb: Verb): Promise<void> {
    const log = this.#log;
    const reference = this.#reference;
    const { now } = this.#machine;
    switch (verb.do) {
      case "append": {
        const answer = log.append(verb.record);
        const entry = reference.add(verb.record, now);
        return this.#expectAcks([await answer], [entry]);
      }
      case "appendBatch": {
        const answer = log.appendBatch(verb.records);
        const entries = verb.records.map((record) => reference.add(record, now));
        return this.#expectAcks(await answer, entries);
      }
      case "stage":
        for (const record of verb.records) this.#stage(record);
        return undefined;
      case "truncateBefore": {
        const offset = reference.first + Math.floor(verb.at * (reference.next - reference.first + 1));
        const answer = log.truncateBefore(offset);
        reference.first = Math.max(reference.first, offset);
        const { last } = reference;
        await answer;
        return reference.flush(last);
      }
      case "truncateAfter": {
        if (this.#retention.isOn) await this.#settle();
        const kept = reference.first + Math.floor(verb.at * (reference.next - reference.first + 1));
        const answer = log.truncateAfter(kept - 1);
        reference.end(kept);
        const { last } = reference;
        await answer;
        return reference.flush(last);
      }
      default: {
        const { last } = reference;
        await log[verb.do]();
        return reference.flush(last);
      }
    }
  }

  /** With retention, the first offset may move before a truncation has its turn. */
  #isForeseeable(verb: Verb): boolean {
    return verb.do !== "truncateAfter" || !this.#retention.isOn;
  }

  async #settle(): Promise<void> {
    await this.#log.flush();
    this.#reference.flush(this.#reference.last);
    this.#retention.follow(this.#log);
  }

  #stage(record: RecordInput): void {
    try {
      const offset = this.#log.stage(record);
      expect(offset).toBe(this.#reference.add(record, this.#machine.now).offset);
    } catch (error) {
      if (!(error instanceof WalError && error.code === "FULL")) throw error;
    }
  }

  #expectAcks(acks: readonly Ack[], entries: readonly Entry[]): void {
    const reference = this.#reference;
    expect(acks).toHaveLength(entries.length);
    for (const [index, ack] of acks.entries()) {
      const entry = entries[index]!;
      const { offset, timestamp } = entry;
      expect(ack).toMatchObject({ offset, timestamp, duplicate: false });
      if (this.#settings.durability === "relaxed") reference.write(entry);
      else reference.flush(entry);
    }
  }

  #compare(command: Command): void {
    const { first, next, durable } = this.#log;
    const reference = this.#reference;
    expect({ first, next }, `after ${command.do}`).toEqual({ first: reference.first, next: reference.next });
    expect(durable).toBeGreaterThanOrEqual(reference.durable);
    expect(durable).toBeLessThanOrEqual(next);
    reference.durable = durable;
    if (command.do === "flush" || command.do === "rotate") expect(durable).toBe(next);
  }

  async #read(from: number, to: number): Promise<void> {
    const { first, durable } = this.#log;
    const range = [from, to].map((each) => first + Math.floor(each * (durable - first + 1)));
    const [low, high] = range.toSorted((a, b) => a - b) as [number, number];
    expect(await linesOf(this.#log, { from: low, to: high })).toEqual(this.#reference.lines(low, high));
  }

  async #look(at: number, shift: number): Promise<void> {
    const { first, durable } = this.#log;
    const some = first + Math.floor(at * (durable - first));
    const timestamp = (some < durable ? this.#reference.timestamp(some) : this.#machine.now) + shift;
    const end = this.#log.durable;
    expect(await this.#log.offsetAt(timestamp)).toBe(this.#reference.offsetAt(timestamp, end));
  }

  async #open(): Promise<void> {
    this.#log = await this.#machine.open(this.#settings);
  }

  /** Everything before `least` must be there, and of the rest any number from its beginning. */
  async #openAfterCrash(least: number): Promise<void> {
    await this.#open();
    const { next } = this.#log;
    expect(next).toBeGreaterThanOrEqual(least);
    expect(next).toBeLessThanOrEqual(this.#reference.next);
    this.#reference.end(next);
    this.#reference.flush(this.#reference.last);
    const first = Math.max(this.#log.first, this.#reference.first);
    expect(await linesOf(this.#log)).toEqual(this.#reference.lines(first, next));
  }

  async #end(): Promise<void> {
    await this.#log.flush();
    this.#reference.flush(this.#reference.last);
    this.#retention.follow(this.#log);
    this.#compare({ do: "flush" });
    const lines = this.#reference.lines(this.#reference.first, this.#reference.next);
    expect(await linesOf(this.#log)).toEqual(lines);
    await this.#log.close();
    const reader = await openReader({ storage: this.#machine.storage, topic });
    expect(await linesOf(reader)).toEqual(lines);
    await reader.close();
    const again = await this.#machine.open();
    expect(again.recovery).toMatchObject({ verdict: "clean", unborn: [], superseded: [], foreign: [] });
    expect(await linesOf(again)).toEqual(lines);
    expect((await this.#machine.files()).size).toBe(again.stats().segments);
    await again.close();
    expect(this.#machine.misuses.splice(0).join("\n")).toBe("");
  }
}
