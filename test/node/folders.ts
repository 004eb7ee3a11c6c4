/** Folders for one test each, which are removed after it, and what several tests of this folder do in them. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { nodeStorage, type NodeStorageOptions } from "../../adapters/node/storage.ts";
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

export function bytes(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}
