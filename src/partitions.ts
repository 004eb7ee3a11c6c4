/**
 * The logs of a storage, and a log of one's own among those of a topic: where several tabs, workers or processes
 * write, each takes a partition that nobody else holds, and nobody waits for anybody.
 */
import { WalError } from "./errors.ts";
import { limit } from "./format/layout.ts";
import { decodeTopic, pathOf } from "./format/names.ts";
import type { Log } from "./log.ts";
import { openLog } from "./open-log.ts";
import type { OpenLogOptions } from "./options.ts";
import type { Storage } from "./storage.ts";

export interface LogName {
  readonly topic: string;
  readonly partition: number;
}

/**
 * All logs that there are in a storage, or all partitions of one topic, in the order of their names.
 *
 *     for (const { topic, partition } of await listLogs(storage)) …
 */
export async function listLogs(storage: Storage, topic?: string): Promise<LogName[]> {
  if (storage.places === undefined) {
    throw new WalError("UNAVAILABLE", `cannot list the logs in ${storage.name}: it does not list its places`);
  }
  const logs = (await storage.places()).flatMap(logAt);
  const wanted = topic === undefined ? logs : logs.filter((each) => each.topic === topic);
  return wanted.toSorted((a, b) => compare(a.topic, b.topic) || a.partition - b.partition);
}

/** A log, and which of its topic it is. */
export interface OpenedPartition {
  readonly log: Log;
  readonly partition: number;
}

/**
 * Opens the first partition of a topic that nobody else has open for writing. It is ours for as long as the log is
 * open or this tab, worker or process lives; a tab that is frozen keeps its own and blocks no other.
 *
 *     const { log, partition } = await openFreePartition({ storage, topic: "outbox" });
 */
export async function openFreePartition(
  options: Omit<OpenLogOptions, "partition">,
): Promise<OpenedPartition> {
  for (let partition = 0; partition <= limit.partition; partition++) {
    try {
      return { log: await openLog({ ...options, partition }), partition };
    } catch (error) {
      if (!(error instanceof WalError) || error.code !== "LOCKED") throw error;
    }
  }
  throw new WalError("LOCKED", `all partitions of topic ${options.topic} are held`);
}

function logAt(path: readonly string[]): LogName[] {
  const [folder, number, ...others] = path;
  if (folder === undefined || number === undefined || others.length > 0) return [];
  const topic = decodeTopic(folder);
  const partition = Number(number);
  if (topic === undefined || !(partition <= limit.partition)) return [];
  return pathOf(topic, partition)[1] === number ? [{ topic, partition }] : [];
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
