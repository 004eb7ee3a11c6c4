/**
 * Does random verbs with random faults to a log, and holds what it says against what it must and may hold.
 */
import { expect } from "vitest";
import type { MemoryDisk } from "../../adapters/memory/storage.ts";
import { type Log, WalError } from "../../src/index.ts";
import { anyOf } from "../support/faults.ts";
import type { Machine } from "../support/machine.ts";
import { Doubt, type State, told } from "./doubt.ts";
import { type Command, hookOf, type Trouble, type Verb } from "./random-commands.ts";

const changing = new Set(["create", "write", "truncate", "flush", "remove"]);
const settings = { segment: { maxBytes: 700 } };

export class RandomRun {
  readonly #machine: Machine;
  readonly #doubt = new Doubt();
  #log!: Log;
  #count = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async all(commands: readonly Command[]): Promise<void> {
    this.#log = await this.#machine.open(settings);
    for (const command of commands) await this.#do(command);
    await this.#end();
  }

  async #do({ verb, troubles, crash }: Command): Promise<void> {
    const machine = this.#machine;
    const wanted = this.#wanted(verb);
    let left: MemoryDisk | undefined;
    let changes = 0;
    machine.watch = ({ op }) => {
      if (changing.has(op) && changes++ === crash) left = machine.disk().losePower();
    };
    machine.hook = anyOf(...troubles.map(hookOf));
    const done = await this.#try(verb, wanted.values);
    machine.hook = undefined;
    machine.watch = undefined;

    if (left !== undefined) {
      this.#doubt.refuse(wanted);
      machine.losePower(left);
      return this.#reopen(troubles);
    }
    // What changes nothing on the disk ends no doubt, and neither does a log that is closed in trouble.
    const isSettled = verb.do === "reopen" ? troubles.length === 0 : changes > 0;
    if (!done) this.#doubt.refuse(wanted);
    else if (isSettled) this.#doubt.become(wanted);
    if (crash === "power") machine.losePower();
    else if (crash === "process") await machine.die();
    else if (verb.do !== "reopen") return this.#compare();
    return this.#reopen(troubles);
  }

  /** What the log holds if the verb succeeds. */
  #wanted(verb: Verb): State {
    const { first, values } = this.#doubt.certain;
    const at = "at" in verb ? first + Math.floor(verb.at * (values.length - first + 1)) : 0;
    if (verb.do === "truncateBefore") return { first: at, values };
    if (verb.do === "truncateAfter") return { first, values: values.slice(0, at) };
    const added = "count" in verb ? Array.from({ length: verb.count }, () => this.#value()) : [];
    return { first, values: [...values, ...added] };
  }

  /** Each record has a value of its own, some of them long. */
  #value(): string {
    const number = this.#count++;
    return `${number}${"x".repeat(number % 3 === 0 ? 90 : 0)}`;
  }

  /** Answers whether the verb succeeded. It may be refused, but only in the ways that are foreseen. */
  async #try(verb: Verb, values: readonly string[]): Promise<boolean> {
    const log = this.#log;
    const { next } = this.#doubt;
    const records = values.slice(next).map((value) => ({ value }));
    try {
      if (verb.do === "append") await together(records.map((record) => log.append(record)));
      else if (verb.do === "appendBatch") await log.appendBatch(records);
      else if (verb.do === "stage") {
        for (const record of records) log.stage(record);
        await log.flush();
      } else if (verb.do === "truncateBefore") await log.truncateBefore(this.#wanted(verb).first);
      else if (verb.do === "truncateAfter") await log.truncateAfter(values.length - 1);
      else if (verb.do === "reopen") await log.close();
      else await log.rotate();
      return true;
    } catch (error) {
      if (verb.do === "reopen" && !(error instanceof WalError)) return false;
      expect(error).toBeInstanceOf(WalError);
      expect(["FLUSH_FAILED", "READ_FAILED"], String(error)).toContain((error as WalError).code);
      return false;
    }
  }

  async #compare(): Promise<void> {
    const { first, next, durable } = this.#log;
    expect({ first, next, durable }).toEqual({
      first: this.#doubt.certain.first,
      next: this.#doubt.next,
      durable: this.#doubt.next,
    });
    expect(told(await stateOf(this.#log))).toBe(told(this.#doubt.certain));
  }

  /** The first attempt may meet the troubles that are left, and changes nothing if it is refused. */
  async #reopen(troubles: readonly Trouble[] = []): Promise<void> {
    const machine = this.#machine;
    machine.hook = anyOf(...troubles.map(hookOf));
    try {
      this.#log = await machine.open(settings);
      machine.hook = undefined;
    } catch (error) {
      machine.hook = undefined;
      expect(["UNAVAILABLE", "READ_FAILED"], String(error)).toContain((error as WalError).code);
      this.#log = await machine.open(settings);
    }
    const state = await stateOf(this.#log);
    expect(this.#doubt.allows(state), `${told(state)}  is not  ${String(this.#doubt)}`).toBe(true);
    this.#doubt.become(state);
  }

  async #end(): Promise<void> {
    const { first, values } = this.#doubt.certain;
    const { offset } = await this.#log.append({ value: "the end" });
    expect(offset).toBe(values.length);
    this.#doubt.become({ first, values: [...values, "the end"] });
    if (this.#machine.inMemory) this.#machine.losePower();
    else await this.#machine.die();
    await this.#reopen();
    await this.#log.close();
    await this.#reopen();
    expect(this.#log.recovery).toMatchObject({ verdict: "clean", unborn: [], superseded: [], truncated: [] });
    expect((await this.#machine.files()).size).toBe(this.#log.stats().segments);
    await this.#log.close();
    expect(this.#machine.misuses.splice(0).join("\n")).toBe("");
  }
}

/** All have ended before the first refusal is passed on. */
async function together(promises: Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(promises);
  for (const each of settled) if (each.status === "rejected") throw each.reason;
}

async function stateOf(log: Log): Promise<State> {
  const values: string[] = Array.from({ length: log.first }, () => "");
  for await (const { offset, value } of log.read()) {
    expect(offset).toBe(values.length);
    values.push(new TextDecoder().decode(value));
  }
  return { first: log.first, values };
}
