/**
 * Writes and reads the folder `test/golden`. A golden log is written once, when there is none yet; what is
 * there is never replaced unless `GOLDEN_WRITE=overwrite` says so, because a log that an earlier release
 * wrote must stay readable.
 *
 *     GOLDEN_WRITE=new npx vitest run --config vite.config.ts --project unit test/format/golden.test.ts
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MemoryDisk } from "../../adapters/memory/storage.ts";
import { type FolderBytes, takeFolder } from "./folder.ts";
import { Bench, type Golden } from "./golden-bench.ts";
import { type Listing, listingOf } from "./listing.ts";

export const goldenFolder = fileURLToPath(new URL("../golden/v1/", import.meta.url));

export type WriteMode = "new" | "overwrite";

/** What the environment asks for: nothing, as a rule. */
export function writeMode(environment: Record<string, string | undefined>): WriteMode | undefined {
  const mode = environment.GOLDEN_WRITE;
  if (mode === undefined || mode === "new" || mode === "overwrite") return mode;
  throw new Error(`GOLDEN_WRITE must be new or overwrite, not ${mode}`);
}

export function readGolden(folder: string, name: string): { files: FolderBytes; listing: Listing } {
  const names = readdirSync(`${folder}${name}`).filter((each) => each.endsWith(".wal"));
  const files = names.toSorted().map((each) => [each, readFileSync(`${folder}${name}/${each}`)] as const);
  const listing = JSON.parse(readFileSync(`${folder}${name}/log.json`, "utf8")) as Listing;
  return { files: new Map(files.map(([each, bytes]) => [each, new Uint8Array(bytes)])), listing };
}

/** Writes one golden log. Throws, having changed nothing, where there is one and it may not be replaced. */
export async function writeGolden(folder: string, golden: Golden, mode: WriteMode): Promise<void> {
  const path = `${folder}${golden.name}`;
  if (mode === "new" && existsSync(path)) throw new Error(`${path} is there already, and is not replaced`);
  const bench = new Bench("sync", new MemoryDisk());
  const files = takeFolder(await golden.write(bench), golden.path);
  const listing = listingOf(golden.about, golden.topic, golden.partition, files);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(`${path}/${name}`, bytes);
  writeFileSync(`${path}/log.json`, `${JSON.stringify(listing, undefined, 2)}\n`);
}
