/** Folders for one test each, which are removed after it, and what several tests of this folder do in them. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { nodeStorage, type NodeStorageOptions } from "../../adapters/node/storage.ts";
import { WalError } from "../../src/errors.ts";
import type { Place } from "../../src/storage.ts";

export const placePath = ["orders", "0"];

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "node-storage-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Opens the place that all these tests use, and closes it after the test. */
export function openPlace(directory: string, options?: NodeStorageOptions): Place {
  const place = nodeStorage(directory, options).open(placePath, { mode: "write" }) as Place;
  onTestFinished(() => void place.close());
  return place;
}

/** As messages name the runtime that runs this. Bun and Deno tell a version of Node besides. */
const { bun, deno, node } = process.versions as Record<string, string | undefined>;
export const runtime = bun ? `bun ${bun}` : deno ? `deno ${deno}` : `node ${node}`;

export function errorOfOpening(directory: string): WalError {
  try {
    nodeStorage(directory).open(placePath, { mode: "write" });
  } catch (error) {
    expect(error).toBeInstanceOf(WalError);
    return error as WalError;
  }
  return expect.unreachable("the place was opened");
}

export function bytes(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}
