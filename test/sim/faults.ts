/** Lets the operations of a simulated disk fail as planned. */
import { WalError } from "../../src/index.ts";
import type { Fault, Operation } from "../support/faulty-storage.ts";
import type { FaultPlan } from "./plan.ts";
import { Random } from "./random.ts";
import type { SimulatedCall, World } from "./world.ts";

const messages = [
  ["EIO", "i/o error"],
  ["ENOSPC", "no space left on device"],
  ["QuotaExceededError", "the quota is exceeded"],
  ["FULL", "the budget is used up"],
] as const;

/** What may be refused for want of room. */
const takesRoom: ReadonlySet<Operation> = new Set(["create", "write", "flush"]);

export class Faults {
  readonly #active: { plan: FaultPlan; matched: number; random: Random }[] = [];
  /** How many operations have failed. */
  met = 0;
  readonly #errors = new WeakSet<object>();

  add(plan: FaultPlan): void {
    this.#active.push({ plan, matched: 0, random: new Random(plan.seed) });
  }

  /** From now on nothing fails any more, unless it is planned anew. */
  heal(): void {
    this.#active.length = 0;
  }

  /** Whether anything may still fail, of one of these operations if they are named. */
  isActive(...ops: Operation[]): boolean {
    return this.#active.some(
      ({ plan, matched }) => matched < plan.after + plan.times && (ops.length === 0 || ops.includes(plan.op)),
    );
  }

  hear(call: SimulatedCall, world: World): Fault | void {
    for (const active of this.#active) {
      const { plan, random } = active;
      // The lock of a place that cannot be closed stays with its holder.
      if (plan.op !== call.op || (call.op === "close" && call.name === "")) continue;
      const matched = active.matched++;
      if (matched < plan.after || matched >= plan.after + plan.times) continue;
      this.met++;
      const error = errorOf(plan, random);
      this.#errors.add(error);
      return fail(plan, error, call, world, random);
    }
  }

  /** Whether an operation has failed with this error. */
  has(error: unknown): boolean {
    return error instanceof Error && this.#errors.has(error);
  }
}

function errorOf({ op }: FaultPlan, random: Random): Error {
  const [code, message] = random.pick(messages);
  return code === "FULL" && takesRoom.has(op)
    ? new WalError(code, message)
    : Object.assign(new Error(`${code}: ${message}, ${op}`), { code });
}

function fail(
  { op, how }: FaultPlan,
  error: Error,
  call: SimulatedCall,
  world: World,
  random: Random,
): Fault {
  if (how === "after") return { afterwards: error };
  if (op === "write" && how === "short") return { bytes: random.integer(0, call.length! - 1) };
  if (op === "flush" && how !== "before" && how !== "short") {
    const folder = world.disk.folder(call.path);
    const file = folder.names.get(call.name);
    if (file !== undefined) folder.failFlush(file, how, () => random.chance(0.5));
  }
  throw error;
}
