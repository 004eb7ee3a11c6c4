/** Makes a plan from a seed. */
import type { Operation } from "../support/faulty-storage.ts";
import type { Event, Failure, FaultPlan, LogPlan, Plan } from "./plan.ts";
import { Random } from "./random.ts";
import { survivals } from "./survival.ts";
import type { Manner } from "./world.ts";

const eventWeights = {
  append: 24,
  batch: 10,
  stage: 5,
  produce: 8,
  fence: 0.5,
  flush: 4,
  rotate: 4,
  before: 3,
  after: 4,
  close: 2,
  follow: 3,
  observe: 3,
  wait: 14,
  settle: 14,
  fault: 6,
  heal: 2,
  crash: 5,
} as const;

export const failures: Partial<Record<Operation, readonly Failure[]>> = {
  write: ["before", "short", "short", "after"],
  flush: ["lost", "refused", "some", "kept", "before", "after"],
  create: ["before", "after"],
  remove: ["before", "after"],
  truncate: ["before", "after"],
  open: ["before"],
  size: ["before"],
  read: ["before"],
  list: ["before"],
  close: ["before", "after"],
};

const faultWeights = {
  flush: 8,
  write: 6,
  create: 3,
  remove: 2,
  truncate: 2,
  read: 2,
  open: 1,
  size: 1,
  list: 1,
  close: 1,
};

export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const manner = mannerOf(random);
  const logs = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, (_, index) => logOf(random, index));
  const count = random.integer(5, 120);
  const events = Array.from({ length: count }, () => eventOf(random, logs.length));
  const answer = random.pick(["nothing", "same", "other"] as const);
  const sequel = random.pick(["go on", "go on", "go on", "open again", "lose power"] as const);
  const damage = random.pick(["none", "bit rot", "misdirected write"] as const);
  return { seed, manner, logs, events, answer, sequel, damage };
}

function mannerOf(random: Random): Manner {
  const colour = random.pick(["sync", "async"] as const);
  const sectorBytes = random.pick([8, 64, 512]);
  if (colour === "sync") return { colour, flushesAtOnce: 1, sectorBytes, turnsMax: 0 };
  return { colour, flushesAtOnce: random.pick([1, 3]), sectorBytes, turnsMax: random.pick([0, 3, 30]) };
}

function logOf(random: Random, index: number): LogPlan {
  return {
    topic: ["orders", "events", "audit"][index]!,
    segmentBytes: random.pick([500, 900, 4000]),
    relaxed: random.chance(0.2),
    retentionBytes: random.chance(0.25) ? random.integer(500, 5000) : undefined,
    pendingBytes: random.chance(0.2) ? random.integer(50, 500) : undefined,
  };
}

function eventOf(random: Random, logs: number): Event {
  const kind = random.weighted(eventWeights);
  const log = random.integer(0, logs - 1);
  const count = random.integer(1, 4);
  const at = random.next();
  const producer = random.integer(0, 1);
  if (kind === "batch" || kind === "stage") return { do: kind, log, count };
  if (kind === "produce") return { do: kind, log, producer, count, again: random.pick([0, 0, 1, 3]) };
  if (kind === "fence") return { do: kind, log, producer };
  if (kind === "before" || kind === "after" || kind === "follow") return { do: kind, log, at };
  if (kind === "wait") return { do: kind, turns: random.pick([1, 3, 10, 40]) };
  if (kind === "settle" || kind === "heal") return { do: kind };
  if (kind === "fault") return { do: kind, ...faultOf(random) };
  if (kind === "crash") {
    const survival = random.pick([...survivals, "sectors", "process"] as const);
    return {
      do: kind,
      after: random.pick([0, 3, 10, 40]) + random.integer(0, 10),
      survival,
      seed: random.seed(),
    };
  }
  return { do: kind, log };
}

function faultOf(random: Random): FaultPlan {
  const op = random.weighted(faultWeights);
  const how = random.pick(failures[op]!);
  return {
    op,
    how,
    after: random.integer(0, 6),
    times: random.pick([1, 1, 1, 2, Infinity]),
    seed: random.seed(),
  };
}
