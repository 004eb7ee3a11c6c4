/** Where and with what the figures were made. */
import { readFileSync, statfsSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { peers } from "./peers.mjs";
import { sqliteVersion } from "./sqlite-node.mjs";

const fileSystems = { 0xef53: "ext4", 0x58465342: "XFS", 0x9123683e: "btrfs", 0x1021994: "tmpfs" };

export function machineOf(folder) {
  const type = statfsSync(folder).type;
  return {
    processors: `${cpus().length} × ${cpus()[0].model.trim()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${release()} ${arch()}`,
    fileSystem: fileSystems[type] ?? `a file system of type 0x${type.toString(16)}`,
    node: process.version,
  };
}

/** The versions of what is compared, by the name of its package. */
export function versionsOf() {
  const packages = peers.map((peer) => peer.package).filter(Boolean);
  const versions = { walkabout: readVersion("..") };
  for (const name of packages) versions[name] = readVersion(join("node_modules", name)) ?? "not installed";
  versions["node:sqlite"] = sqliteVersion();
  return versions;
}

function readVersion(folder) {
  try {
    return JSON.parse(readFileSync(join(import.meta.dirname, folder, "package.json"), "utf8")).version;
  } catch {
    return undefined;
  }
}
