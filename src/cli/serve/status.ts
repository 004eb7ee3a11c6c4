/** What can be told of a service, as a value: the status page and /status.json show the same. */
import { join } from "node:path";
import { pathOf } from "../../format/names.ts";
import type { Log } from "../../log.ts";
import { shownText, timeText } from "../text.ts";
import type { ServedLog } from "./served-log.ts";

export interface Status {
  readonly version: string;
  readonly pid: number;
  readonly folder: string;
  readonly since: string;
  readonly logs: readonly LogStatus[];
}

export interface LogStatus {
  readonly log: string;
  readonly topic: string;
  /** Where batches are posted to. */
  readonly post: string;
  readonly first: number;
  readonly next: number;
  readonly durable: number;
  readonly segments: number;
  readonly bytes: number;
  readonly pendingBytes: number;
  readonly flushFailures: number;
  readonly recovery: string;
  /** How often each HTTP status was answered since the start. */
  readonly answers: Readonly<Record<string, number>>;
  readonly lastError: string | null;
  readonly latest: readonly Shown[];
}

/** A record as text, not longer than one wants to see. */
export interface Shown {
  readonly offset: number;
  readonly time: string;
  readonly key: string | null;
  readonly value: string;
}

const latestMax = 10;
const charactersMax = 200;

export async function statusOf(
  logs: readonly ServedLog[],
  { version, folder, since }: { version: string; folder: string; since: number },
): Promise<Status> {
  return {
    version,
    pid: process.pid,
    folder,
    since: timeText(since),
    logs: await Promise.all(logs.map((each) => logStatus(each, folder))),
  };
}

async function logStatus(served: ServedLog, folder: string): Promise<LogStatus> {
  const { log, topic, post, answers, lastError = null } = served;
  const { segments, bytes, pendingBytes, flushFailures } = log.stats();
  return {
    log: join(folder, ...pathOf(topic, 0)),
    topic,
    post,
    first: log.first,
    next: log.next,
    durable: log.durable,
    segments,
    bytes,
    pendingBytes,
    flushFailures,
    recovery: log.recovery.verdict,
    answers: Object.fromEntries(answers),
    lastError,
    latest: await latestOf(log),
  };
}

async function latestOf(log: Log): Promise<Shown[]> {
  const latest: Shown[] = [];
  const { first, durable } = log;
  for await (const { offset, timestamp, key, value } of log.read({
    from: Math.max(first, durable - latestMax),
  })) {
    latest.push({
      offset,
      time: timeText(timestamp),
      key: key === undefined ? null : shortText(key),
      value: shortText(value),
    });
  }
  return latest.toReversed();
}

function shortText(bytes: Uint8Array): string {
  const text = shownText(bytes.subarray(0, 4 * charactersMax));
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
}
