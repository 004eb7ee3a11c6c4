/**
 * Tests the package as users get it: packed, installed into an empty project outside of this
 * repository, and used there by every runtime, by TypeScript and by a bundler.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runOrThrow } from "../tools/command.mjs";
import { installRuntimes } from "../tools/runtimes.mjs";
import { checkBundle } from "./bundle.mjs";
import { checkConsumers } from "./consumers.mjs";
import { checkPages } from "./pages.mjs";
import { checkTarball, pack } from "./tarball.mjs";
import { checkTypes } from "./types.mjs";

const fixtures = fileURLToPath(new URL("fixtures", import.meta.url));

export async function checkPackage(tally) {
  const folder = mkdtempSync(join(tmpdir(), "walkabout-package-"));
  try {
    await checkIn(folder, tally);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function checkIn(folder, tally) {
  const packed = await pack(folder, tally);
  if (!packed) throw new Error("without a tarball there is nothing to test");
  await checkTarball(packed, tally);

  const project = join(folder, "project");
  await tally.check("installs into an empty project", () => install(packed.file, project));
  await checkTypes(project, tally);
  await checkBundle(project, tally);

  await checkPages(project, tally);

  await tally.check("runtimes", installRuntimes);
  await checkConsumers(project, tally);
}

/** An empty project with the tarball installed and the fixtures beside it. */
async function install(tarball, project) {
  cpSync(fixtures, project, { recursive: true });
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await runOrThrow("npm", ["install", "--no-audit", "--no-fund", tarball], { cwd: project });
}
