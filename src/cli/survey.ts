/** What a log looks like from outside, without its lock and without reading all of it. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { WalError } from "../errors.ts";
import { parseSegmentName } from "../format/names.ts";
import { openReader } from "../open-log.ts";
import type { Found } from "./address.ts";
import { type Holder, holderOf } from "./holder.ts";

export interface Summary {
  readonly log: string;
  readonly topic: string;
  readonly partition: number;
  readonly first: number | undefined;
  readonly next: number | undefined;
  /** The offset below which all is proven to have been flushed. */
  readonly durable: number | undefined;
  readonly segments: number;
  /** What its segment files take, and the file of the last write. */
  readonly bytes: number;
  readonly modified: number | undefined;
  readonly holder: Holder | undefined;
  /** Why its offsets cannot be told. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

export async function summaryOf({ address, path }: Found): Promise<Summary> {
  const names = readdirSync(path).filter((name) => parseSegmentName(name) !== undefined);
  const files = names.map((name) => statSync(join(path, name), { throwIfNoEntry: false }));
  const summary = {
    log: path,
    topic: address.topic,
    partition: address.partition,
    segments: names.length,
    bytes: files.reduce((sum, file) => sum + (file?.size ?? 0), 0),
    modified: files.length === 0 ? undefined : Math.max(...files.map((file) => file?.mtimeMs ?? 0)),
    holder: holderOf(path),
  };
  try {
    const reader = await openReader(address);
    const { first, next, durable } = reader;
    await reader.close();
    return { ...summary, first, next, durable, error: undefined };
  } catch (error) {
    if (!(error instanceof WalError)) throw error;
    const { code, message } = error;
    return { ...summary, first: undefined, next: undefined, durable: undefined, error: { code, message } };
  }
}
