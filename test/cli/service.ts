/** Starts `walkabout serve` in a workshop, and sends batches to it by hand. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { openReader } from "../../src/index.ts";
import { type Ended, ended, type RunOptions, type Workshop } from "./tool.ts";

export interface Serving {
  readonly url: string;
  readonly child: ChildProcessWithoutNullStreams;
  /** How it ended, and all that it has said. */
  readonly end: Promise<Ended>;
  stop(signal: NodeJS.Signals): Promise<Ended>;
}

/** Resolves when it listens. */
export async function serve(
  shop: Workshop,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Serving> {
  const child = shop.startWith(["serve", "--port", "0", "--json", ...args], options);
  const end = ended(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, "line"), end.then(({ err }) => [err])])) as [string];
  if (!line.startsWith("{")) throw new Error(`it did not start: ${line}`);
  const { url } = JSON.parse(line) as { url: string };
  const stop = (signal: NodeJS.Signals): Promise<Ended> => {
    child.kill(signal);
    return end;
  };
  return { url, child, end, stop };
}

export function batch(sequence: number, values: readonly string[], more: object = {}): string {
  const records = values.map((value) => ({ value, timestamp: 7 }));
  return JSON.stringify({ outbox: "by-hand", incarnation: 1, lane: 0, sequence, records, ...more });
}

export async function post(
  url: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: any }> {
  const response = await fetch(url, { method: "POST", body, headers });
  return { status: response.status, body: await response.json() };
}

/** The values that are in a log of the workshop. */
export async function valuesIn(shop: Workshop, topic = "events"): Promise<string[]> {
  const reader = await openReader({ storage: nodeStorage(shop.path("data")), topic });
  const values: string[] = [];
  for await (const { value } of reader.read()) values.push(new TextDecoder().decode(value));
  await reader.close();
  return values;
}
