/**
 * A file system that is really full: appends fail with a code, nothing that was acknowledged is lost, and
 * the log goes on when there is room again.
 */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { type Ack, type Log, openLog, openReader, WalError } from "../../src/index.ts";
import { attempt, LoopDisk, run, whyNoLoopDisk } from "../tools/loop-disk.mjs";

interface SmallDisk {
  readonly folder: string;
  remount?: () => void;
}

const kinds = [
  { kind: "tmpfs", whyNot: whyNoTmpfs(), make: smallTmpfs },
  { kind: "ext4", whyNot: whyNoLoopDisk("ext4"), make: smallExt4 },
];
const matrix = kinds.flatMap((each) => [false, true].map((blocking) => ({ ...each, blocking })));

for (const { kind, whyNot, make, blocking } of matrix) {
  const reason = whyNot === undefined ? "" : ` (skipped: ${whyNot})`;

  test.runIf(whyNot === undefined)(
    `a full ${kind} rejects appends, keeps what was acknowledged, and takes more when there is room (blocking: ${blocking})${reason}`,
    async () => {
      const disk = make();
      for (const number of [1, 2])
        writeFileSync(join(disk.folder, `filler-${number}`), new Uint8Array(1_000_000));
      const address = { storage: nodeStorage(disk.folder, { blocking }), topic: "full" };
      const options = { ...address, segment: { maxBytes: 200_000 } };
      const values = new Map<number, string>();
      const log = await openLog(options);
      await appendUntilFull(log, values);
      const { next, durable } = log;
      expect(next).toBe(durable);
      // It stays full: every further attempt is told so, and changes nothing.
      for (let attempts = 0; attempts < 5; attempts++) await refused(log, valueOf(next, 20_000));
      expect(log.next).toBe(next);
      await demandValues(log, values);

      // Forgetting has to be written down as well: there is always room for that, and then for more.
      fill(disk.folder);
      await log.truncateBefore(3);
      expect(log.first).toBe(3);
      for (const offset of [0, 1, 2]) values.delete(offset);
      await demandValues(log, values);

      // Somebody else makes room, and the log goes on.
      unlinkSync(join(disk.folder, "filler-1"));
      for (let number = 0; number < 20; number++) await appended(log, values, 1000);
      await log.truncateBefore(next - 5);
      await demandValues(log, values);

      // It is full again, is closed as well as it goes, and is opened by the next process.
      await appendUntilFull(log, values);
      await log.close().catch((error: unknown) => demandFull(error));
      const reader = await openReader(address);
      await demandValues(reader, values);
      await reader.close();
      unlinkSync(join(disk.folder, "filler-2"));
      await disk.remount?.();
      const again = await openLog(options);
      await demandValues(again, values);
      await again.truncateBefore(again.next - 10);
      await appended(again, values, 1000);
      await demandValues(again, values);
      await again.close();
    },
  );

  test.runIf(whyNot === undefined)(
    `a log on a full ${kind} that was not closed is opened, and makes room for itself (blocking: ${blocking})${reason}`,
    async () => {
      const disk = make();
      const address = { storage: nodeStorage(disk.folder, { blocking }), topic: "full" };
      const options = { ...address, segment: { maxBytes: 200_000 } };
      const values = new Map<number, string>();
      const dead = await openLog(options);
      for (let number = 0; number < 20; number++) await appended(dead, values, 30_000);
      fill(disk.folder);
      closeAllIn(disk.folder);

      const log = await openLog(options);
      expect(log.recovery.rewritten).toBeDefined();
      await demandValues(log, values);
      await appendUntilFull(log, values);
      const first = log.next - 5;
      await log.truncateBefore(first);
      for (let offset = 0; offset < first; offset++) values.delete(offset);
      for (let number = 0; number < 20; number++) await appended(log, values, 1000);
      await demandValues(log, values);
      await log.close();
    },
  );
}

/** As the kernel does when a process dies. Its lock is free then, and what it removed gives its space back. */
function closeAllIn(folder: string): void {
  for (const descriptor of readdirSync("/proc/self/fd")) {
    const path = `/proc/self/fd/${descriptor}`;
    if (existsSync(path) && readlinkSync(path).startsWith(`${folder}/`)) closeSync(Number(descriptor));
  }
}

/** Takes all the room that is left. */
function fill(folder: string): void {
  for (const length of [65_536, 512]) {
    try {
      for (;;) appendFileSync(join(folder, "filler-rest"), new Uint8Array(length));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}

const valueOf = (offset: number, length: number): string => `${offset} `.padEnd(length, "full");

async function appended(log: Log, values: Map<number, string>, length: number): Promise<Ack> {
  const value = valueOf(log.next, length);
  const ack = await log.append({ value });
  expect(value).toBe(valueOf(ack.offset, length));
  values.set(ack.offset, value);
  return ack;
}

/** Appends less and less until not even a little fits. */
async function appendUntilFull(log: Log, values: Map<number, string>): Promise<void> {
  for (const length of [70_000, 20_000]) {
    for (;;) {
      try {
        await appended(log, values, length);
      } catch (error) {
        demandFull(error);
        break;
      }
    }
  }
}

async function refused(log: Log, value: string): Promise<void> {
  demandFull(await log.append({ value }).catch((error: unknown) => error));
}

function demandFull(error: unknown): void {
  expect(error).toBeInstanceOf(WalError);
  expect((error as WalError).code).toBe("FULL");
  expect((error as WalError).message).toMatch(/ENOSPC|No space left/);
}

async function demandValues(
  log: Pick<Log, "read" | "first" | "next">,
  values: ReadonlyMap<number, string>,
): Promise<void> {
  let offset = log.first;
  for await (const record of log.read()) {
    expect(record.offset).toBe(offset);
    if (values.has(offset))
      expect(new TextDecoder().decode(record.value) === values.get(offset), `the value at ${offset}`).toBe(
        true,
      );
    offset++;
  }
  expect(offset).toBe(log.next);
  expect(offset).toBeGreaterThan(Math.max(...values.keys()));
}

function smallTmpfs(): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), "walkabout-full-"));
  run("mount", "-t", "tmpfs", "-o", "size=4m,huge=never", "none", folder);
  onTestFinished(() => {
    attempt("umount", "--lazy", folder);
    rmSync(folder, { recursive: true });
  });
  return { folder };
}

function smallExt4(): SmallDisk {
  const disk = new LoopDisk("ext4", 12);
  onTestFinished(() => disk.remove());
  return { folder: disk.folder, remount: () => disk.remount() };
}

function whyNoTmpfs(): string | undefined {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "it needs root";
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return (error as Error).message.split("\n").slice(0, 2).join(" ");
  }
}
