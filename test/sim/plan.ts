/**
 * What is done to the logs of a machine, as plain values: the same plan is the same run, and a part of a
 * plan is a plan, so that a failing one can be shortened.
 */
import type { FailedFlush } from "../../adapters/memory/simulated/disk.ts";
import type { Operation } from "../support/faulty-storage.ts";
import type { Survival } from "./survival.ts";
import type { Manner } from "./world.ts";

export interface LogPlan {
  readonly topic: string;
  readonly segmentBytes: number;
  readonly relaxed: boolean;
  /** Undefined to keep everything. */
  readonly retentionBytes: number | undefined;
  readonly pendingBytes: number | undefined;
}

/**
 * How an operation fails: `before` it does anything, `after` it has done all, `short` for a write of which
 * only some bytes are written, and in each of the ways in which a flush can lose its bytes.
 */
export type Failure = "before" | "after" | "short" | FailedFlush;

export interface FaultPlan {
  readonly op: Operation;
  /** How many such operations pass before. */
  readonly after: number;
  /** How many fail then. Infinity is for good: until the machine, or the log, starts again. */
  readonly times: number;
  readonly how: Failure;
  readonly seed: number;
}

/** `at` is a fraction of the log; `log` is the index of one. */
export type Event =
  | { readonly do: "append"; readonly log: number }
  | { readonly do: "batch"; readonly log: number; readonly count: number }
  | { readonly do: "stage"; readonly log: number; readonly count: number }
  | {
      readonly do: "produce";
      readonly log: number;
      readonly producer: number;
      readonly count: number;
      /** How many of its latest records it sends again first. */
      readonly again: number;
    }
  | { readonly do: "fence"; readonly log: number; readonly producer: number }
  | { readonly do: "flush"; readonly log: number }
  | { readonly do: "rotate"; readonly log: number }
  | { readonly do: "before"; readonly log: number; readonly at: number }
  | { readonly do: "after"; readonly log: number; readonly at: number }
  | { readonly do: "close"; readonly log: number }
  | { readonly do: "follow"; readonly log: number; readonly at: number }
  | { readonly do: "observe"; readonly log: number }
  /** Lets what is under way go on for so many turns of the microtask queue. */
  | { readonly do: "wait"; readonly turns: number }
  /** Waits for everything, and holds each log against its model. */
  | { readonly do: "settle" }
  | ({ readonly do: "fault" } & FaultPlan)
  | { readonly do: "heal" }
  /** Loses power, or all processes, before the operation after so many more. */
  | {
      readonly do: "crash";
      readonly after: number;
      readonly survival: Survival | "process";
      readonly seed: number;
    };

export interface Plan {
  readonly seed: number;
  readonly manner: Manner;
  readonly logs: readonly LogPlan[];
  readonly events: readonly Event[];
  /** What the caller does about a record that was rejected. */
  readonly answer: "nothing" | "same" | "other";
  /** What happens after something has failed. */
  readonly sequel: "go on" | "open again" | "lose power";
  /** What the disk does to the logs when all is over. */
  readonly damage: "none" | "bit rot" | "misdirected write";
}

/** One event, as a person would say it. */
export function described(event: Event, { logs }: Plan): string {
  const { do: verb, ...rest } = event;
  const subject = "log" in event ? `${logs[event.log]!.topic}: ` : "";
  const details = Object.entries(rest).flatMap(([name, value]) =>
    name === "log" ? [] : [`${name} ${typeof value === "number" ? Math.round(value * 1000) / 1000 : value}`],
  );
  return `${subject}${verb}${details.length > 0 ? ` (${details.join(", ")})` : ""}`;
}
