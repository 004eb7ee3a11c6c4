/** Who holds the lock of a log, found out without touching the lock. */
import { resolve } from "node:path";
import { isHolding, type Owner, readOwner } from "../../adapters/node/owner.ts";

export interface Holder extends Owner {
  /** False when it is on another machine, about whose processes nothing can be known here. */
  readonly certain: boolean;
}

export function holderOf(log: string): Holder | undefined {
  const path = resolve(log, "lock");
  const owner = readOwner(path);
  if (owner === undefined) return undefined;
  const holding = isHolding(owner, path);
  return holding === false ? undefined : { ...owner, certain: holding === true };
}

export function holderText(holder: Holder | undefined): string {
  if (holder === undefined) return "";
  const { pid, runtime, host, certain } = holder;
  return certain ? `process ${pid} (${runtime})` : `perhaps process ${pid} on ${host}`;
}
