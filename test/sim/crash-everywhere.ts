/**
 * Crashes a workload before every operation that changes the disk, in every way that a disk may choose; lets
 * the log recover, crashes that as well, and lets it recover again. What is found each time is what the
 * judge allows, and what was found once is found ever after.
 */
import type { SimulatedDisk } from "../../adapters/memory/simulated/disk.ts";
import { openLog, openReader } from "../../src/index.ts";
import { recordOf, lineOf } from "./content.ts";
import type { Circumstance, Judge, State } from "./judge.ts";
import { told } from "./judge.ts";
import { stateOf } from "./life.ts";
import type { LogPlan, Plan } from "./plan.ts";
import { Run } from "./run.ts";
import { keeping, type Survival, survivals } from "./survival.ts";
import { type Manner, World } from "./world.ts";

export interface CrashSearch {
  readonly seed: number;
  /** How many times each survival is tried at each operation, where it leaves something to chance. */
  readonly rounds: number;
  /** Which survivals are tried when the recovery crashes. */
  readonly again: readonly Survival[];
}

export interface Crashes {
  crashes: number;
  recoveries: number;
}

interface Moment {
  readonly disk: SimulatedDisk;
  readonly title: string;
  readonly circumstance: Circumstance;
  readonly judge: Judge;
  readonly durable: number;
}

const changing = new Set(["create", "write", "truncate", "flush", "remove"]);
const nextRecord = recordOf(999);
const nextLine = lineOf(nextRecord);

/** Answers how many crashes there were. Throws when one of them is not survived. */
export async function crashEverywhere(plan: Plan, search: CrashSearch, count: Crashes): Promise<void> {
  const moments: Moment[] = [];
  const run = new Run(plan);
  let changes = 0;
  run.onlooker = ({ op, name, position }, { world, lives }) => {
    if (!changing.has(op)) return;
    const [life] = lives;
    const where = `before change ${++changes}, ${op} ${name}${position === undefined ? "" : ` at ${position}`}`;
    const judge = life!.judge.clone();
    const durable = life!.log?.durable ?? 0;
    for (const { disk, how, circumstance } of left(world.disk, survivals, search, changes)) {
      moments.push({ disk, title: `${how}, ${where}`, circumstance, judge, durable });
    }
  };
  await run.all();
  const found = new Map<string, State>();
  for (const moment of moments) {
    count.crashes++;
    // What a process leaves reads like something else, but is not all on the platter.
    const print = `${moment.circumstance === "power lost" ? "" : moment.title}\n${fingerprint(moment.disk)}`;
    try {
      const state = found.get(print) ?? (await survived(moment, plan, search, count));
      found.set(print, state);
      moment.judge.clone().confirm(state, moment.circumstance, moment.durable);
    } catch (error) {
      throw Object.assign(
        new Error(`a crash ${moment.title}: ${(error as Error).message}`, { cause: error }),
        { moment },
      );
    }
  }
}

/** What crashes may leave of a disk. */
function* left(
  disk: SimulatedDisk,
  ways: readonly Survival[],
  { rounds, seed }: CrashSearch,
  moment: number,
): Generator<{ disk: SimulatedDisk; how: string; circumstance: Circumstance }> {
  for (const survival of ways) {
    const isChance = survival !== "nothing" && survival !== "all";
    for (let round = 0; round < (isChance ? rounds : 1); round++) {
      const keeps = keeping(disk, survival, seed + moment * 31 + round);
      yield { disk: disk.losePower(keeps), how: `${survival} (${round})`, circumstance: "power lost" };
    }
  }
  yield { disk: disk.loseProcesses(), how: "process", circumstance: "process died" };
}

/** Lets the log recover, and crashes that at each change, too. Answers what was found. */
async function survived(
  { disk, circumstance, judge, durable }: Moment,
  { manner, logs }: Plan,
  search: CrashSearch,
  count: Crashes,
): Promise<State> {
  const again: { disk: SimulatedDisk; how: string; isAcked: boolean; isAsked: boolean; isOpen: boolean }[] =
    [];
  // What happens in one process is nothing to the disk that it is looked at on.
  const world = new World(manner, circumstance === "power lost" ? disk : disk.loseProcesses());
  let isOpen = false;
  let isAsked = false;
  let isAcked = false;
  let changes = 0;
  world.hook = ({ op, name }) => {
    if (!changing.has(op)) return;
    changes++;
    for (const { disk: next, how } of left(world.disk, search.again, { ...search, rounds: 1 }, changes)) {
      again.push({
        disk: next,
        how: `${how}, before change ${changes} of the recovery, ${op} ${name}`,
        isAcked,
        isAsked,
        isOpen,
      });
    }
  };
  const found = await look(world, logs[0]!);
  const log = await open(world, logs[0]!);
  isOpen = true;
  count.recoveries++;
  const state = await stateOf(log);
  assertSame(found, state, "a reader and the log that was opened then");
  isAsked = true;
  const { offset } = await log.append(nextRecord);
  isAcked = true;
  if (offset !== state.lines.length)
    throw new Error(`the next record got offset ${offset} of ${told(state)}`);
  await log.close();
  const seen = new Map<string, State>();
  for (const each of again) {
    const print = fingerprint(each.disk);
    const second = seen.get(print) ?? (await reopened(each.disk, manner, logs[0]!, count));
    seen.set(print, second);
    // What only a process has left may still go when the power does, until the log is open.
    if (circumstance === "process died" && !each.isOpen) {
      judge.clone().confirm(second, "power lost", durable);
      continue;
    }
    const hasNext = second.lines.at(-1) === nextLine && second.lines.length === state.lines.length + 1;
    const isForeseen = hasNext ? each.isAsked : !each.isAcked;
    const others = hasNext ? { ...second, lines: second.lines.slice(0, -1) } : second;
    if (isForeseen && told(others) === told(state)) continue;
    throw new Error(`found ${told(state)}, and after another crash, ${each.how}: ${told(second)}`);
  }
  return state;
}

async function reopened(disk: SimulatedDisk, manner: Manner, plan: LogPlan, count: Crashes): Promise<State> {
  const world = new World(manner, disk);
  const log = await open(world, plan);
  count.recoveries++;
  return stateOf(log);
}

function open({ storage }: World, { topic, segmentBytes }: LogPlan): ReturnType<typeof openLog> {
  return openLog({ storage, topic, segment: { maxBytes: segmentBytes } });
}

async function look({ storage }: World, { topic }: LogPlan): Promise<State> {
  const reader = await openReader({ storage, topic });
  const state = await stateOf(reader);
  await reader.close();
  return state;
}

function assertSame(one: State, other: State, who: string): void {
  if (one.first === other.first && one.lines.join("\n") === other.lines.join("\n")) return;
  throw new Error(`${who} differ: ${told(one)} and ${told(other)}`);
}

/** All bytes of all files, as they read now. */
function fingerprint(disk: SimulatedDisk): string {
  const parts: string[] = [];
  for (const [path, { names }] of disk.folders) {
    for (const name of [...names.keys()].toSorted()) {
      const file = names.get(name)!;
      const bytes = Buffer.alloc(file.size);
      file.read(bytes, 0);
      parts.push(`${path}/${name}:${bytes.toString("latin1")}`);
    }
  }
  return parts.join("\n");
}
