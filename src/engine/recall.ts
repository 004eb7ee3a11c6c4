/** Finds a record again that an idempotent producer sends once more. */
import type { Ack } from "../ack.ts";
import { WalError } from "../errors.ts";
import type { Core } from "./core.ts";
import { readBatches, type View } from "./reader.ts";
import type { Durability } from "../storage.ts";
import type { Writer } from "./writer.ts";

/** The acknowledgement of a record that was appended before. */
export async function recall(core: Core, writer: Writer, view: View, offset: number): Promise<Ack> {
  if (offset >= core.durable) await writer.settled();
  const durability = core.strength ?? (await writer.exclusive(() => measureStrength(core, writer)));
  const { label } = core.identity;
  if (offset < core.first) {
    const message = `cannot tell where a record lies that was appended to log ${label} before: it was truncated away`;
    throw new WalError("DUPLICATE", message, { log: label, first: offset, next: offset + 1 });
  }
  for await (const batch of readBatches(view, {
    from: offset,
    to: offset + 1,
    follow: false,
    signal: undefined,
  })) {
    const [record] = batch;
    return {
      offset,
      timestamp: record!.timestamp,
      durability,
      segment: core.chain.at(core.chain.indexOf(offset))!.name,
      position: batch.position,
      bytes: 0,
      flushMs: 0,
      duplicate: true,
    };
  }
  throw new WalError("TRUNCATED", `cannot read offset ${offset} of log ${label}: it was truncated away`);
}

/** Only a flush tells what a flush means here. */
async function measureStrength(core: Core, writer: Writer): Promise<Durability> {
  const { active, storage } = core;
  // Nothing may touch it any more, and the process is what has been survived so far.
  if (active.finished) return storage.durability === "memory" ? "memory" : "os";
  try {
    return (core.strength = (await active.file.flush()) ?? storage.durability);
  } catch (cause) {
    active.finished = true;
    throw writer.fail("flush", cause);
  }
}
