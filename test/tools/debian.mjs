/**
 * The programs that the tests of real faults need, from Debian's packages where they are missing. It says
 * what it installs; where it cannot, the tests that need them skip themselves and say why.
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { run } from "./command.mjs";

const packageOf = {
  strace: "strace",
  xfs_io: "xfsprogs",
  "mkfs.xfs": "xfsprogs",
  "mkfs.ext4": "e2fsprogs",
  filefrag: "e2fsprogs",
  losetup: "mount",
  mount: "mount",
  fallocate: "util-linux",
  "nats-server": "nats-server",
};

/** Installs what is missing, and answers in one line what there is. */
export async function installPrograms() {
  const missing = missingPrograms();
  if (missing.length === 0) return `${Object.keys(packageOf).join(", ")} are there`;
  const packages = [...new Set(missing.map((program) => packageOf[program]))];
  if (process.getuid?.() !== 0 || !isThere("apt-get")) {
    return `${missing.join(", ")} are missing, and only root can install ${packages.join(", ")} with apt-get: some tests will be skipped`;
  }
  console.log(`  installing ${packages.join(", ")} with apt-get, for ${missing.join(", ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-qq"], { env });
  const { output } = await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], {
    env,
  });
  const left = missingPrograms();
  if (left.length > 0)
    return `${left.join(", ")} could not be installed, some tests will be skipped: ${output.trim().split("\n").at(-1)}`;
  return `${packages.join(", ")} were installed`;
}

function missingPrograms() {
  return Object.keys(packageOf).filter((program) => !isThere(program));
}

/** Whether a program can be run. */
export function isThere(program) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
