/** The storage that an address asks for. */
import { indexedDbStorage } from "../../../adapters/indexeddb/storage.ts";
import { opfsStorage } from "../../../adapters/opfs/storage.ts";
import type { Log, Storage } from "../../../src/index.ts";
import { hasParameter, parameter } from "./report.ts";

export function storageOf(store: string): Storage {
  if (store === "indexeddb") return indexedDbStorage();
  return opfsStorage({ settleMs: hasParameter("settleMs") ? Number(parameter("settleMs")) : undefined });
}

/** The values of all records, as text. */
export async function valuesOf(log: Log): Promise<string[]> {
  const values: string[] = [];
  const decoder = new TextDecoder();
  for await (const batch of log.readBatches()) {
    for (const { value } of batch) values.push(decoder.decode(value));
  }
  return values;
}
