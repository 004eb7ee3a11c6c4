/**
 * A device whose writes really fail and then heal, under a running log, and the file system mounted again
 * behind it: the kernel has thrown the failed pages away by then. What was acknowledged before, between and
 * after is there, and what was rejected is not.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { type Ack, type Log, openLog, WalError } from "../../src/index.ts";
import { FailingDisk, whyNoFailingDisk } from "../node/failing-disk.ts";

const mebibyte = 1_048_576;
const whyNot = whyNoFailingDisk();
const reason = whyNot === undefined ? "" : ` (skipped: ${whyNot})`;

test.runIf(whyNot === undefined).each([false, true])(
  `a device that fails and heals costs no acknowledged record, also behind a new mount (blocking: %s)${reason}`,
  async (blocking) => {
    const disk = new FailingDisk();
    onTestFinished(() => disk.remove());
    const options = {
      storage: nodeStorage(disk.folder, { blocking }),
      topic: "failing",
      segment: { maxBytes: 4 * mebibyte },
    };
    const values: string[] = [];
    const log = await openLog(options);
    // The first segment becomes a spare file, so that a later one is written over blocks that are there.
    await fill(log, values, 4.5 * mebibyte);
    await log.truncateBefore(log.next - 1);
    await fill(log, values, 4.5 * mebibyte);
    // What fails begins where the next write does: a loop device takes a write for whole of which a part succeeds.
    const end = endOf(await append(log, values));
    const ack = await append(
      log,
      values,
      blockBytes * 8 - (end % blockBytes) - batchHeaderBytes - recordBytes,
    );
    expect(endOf(ack) % blockBytes).toBe(0);
    const { segment } = ack;
    const path = join(disk.folder, "failing", "0", segment);
    expect(statSync(path).size, "the length of a recycled file").toBeGreaterThan(endOf(ack) + mebibyte);

    disk.fail(path, endOf(ack));
    const failure = await failing(log, values);
    // Which of the two depends on what the kernel makes of a device without room for its blocks.
    expect(["FLUSH_FAILED", "FULL"]).toContain(failure.code);
    expect(log.next).toBe(values.length);
    disk.heal();
    for (let number = 0; number < 10; number++) await append(log, values);
    expect((await append(log, values)).segment).not.toBe(segment);
    await demandValues(log, values);
    await log.close();

    disk.remount();
    const again = await openLog(options);
    await demandValues(again, values);
    await append(again, values);
    await again.close();
    expect(readdirSync(join(disk.folder, "failing", "0")).length).toBeGreaterThan(1);
  },
);

const blockBytes = 4096;
const batchHeaderBytes = 64;
/** What a record has besides its value: flags, and the length of the value. */
const recordBytes = 4;

/** Behind the batch of a record that was appended alone. */
function endOf({ position, bytes }: Ack): number {
  return position + batchHeaderBytes + Math.ceil(bytes / 8) * 8;
}

async function append(log: Log, values: string[], length = 100_000): Promise<Ack> {
  const value = `${log.next} `.padEnd(length, "failing device ");
  const ack = await log.append({ value });
  expect(ack.offset).toBe(values.length);
  values.push(value);
  return ack;
}

async function fill(log: Log, values: string[], bytes: number): Promise<void> {
  for (let done = 0; done < bytes; done += 100_000) await append(log, values);
}

/** Appends until it fails. */
async function failing(log: Log, values: string[]): Promise<WalError> {
  for (let number = 0; number < 40; number++) {
    try {
      await append(log, values);
    } catch (error) {
      expect(error).toBeInstanceOf(WalError);
      return error as WalError;
    }
  }
  return expect.unreachable("no append failed on a device that fails");
}

async function demandValues(log: Log, values: readonly string[]): Promise<void> {
  let offset = log.first;
  for await (const record of log.read()) {
    expect(record.offset).toBe(offset);
    expect(new TextDecoder().decode(record.value) === values[offset], `the value at ${offset}`).toBe(true);
    offset++;
  }
  expect(offset).toBe(values.length);
}
