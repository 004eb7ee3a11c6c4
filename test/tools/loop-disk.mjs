/**
 * A real file system in an image on a loop device, that can lose its power: what was not flushed is gone,
 * as after a cut of the machine's. It needs root, loop devices and a few Debian packages, and knows nothing
 * of logs. Freeze whoever writes before the cut: see freeze.mjs.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** @typedef {"ext4" | "xfs"} FileSystem */

const mebibytes = { ext4: 96, xfs: 320 };

export class LoopDisk {
  #base;
  /** @type {string | undefined} */
  #device;

  /** @param {FileSystem} kind */
  constructor(kind, size = mebibytes[kind]) {
    this.#base = mkdtempSync(join(realpathSync(tmpdir()), "walkabout-disk-"));
    /** Where its file system is mounted. */
    this.folder = join(this.#base, "disk");
    const image = join(this.#base, "image");
    mkdirSync(this.folder);
    try {
      run("truncate", "-s", `${size}M`, image);
      const quiet = kind === "ext4" ? ["-q", "-F"] : ["-q"];
      run(`mkfs.${kind}`, ...quiet, image);
      this.#device = run("losetup", "-f", "--show", image).trim();
      run("mount", this.#device, this.folder);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** From here on every write and flush fails, and what was not flushed is lost. */
  cutPower() {
    run("xfs_io", "-x", "-c", "shutdown", this.folder);
  }

  /** What stands in files that are still open keeps it from being unmounted, for as long as killed processes end. */
  async remount() {
    for (let tries = 0; ; tries++) {
      try {
        run("umount", this.folder);
        break;
      } catch (error) {
        if (tries === 50) throw error;
        await sleep(100);
      }
    }
    run("mount", this.#device, this.folder);
  }

  /** Also when a test that failed has left files open on it. */
  remove() {
    attempt("umount", "--lazy", this.folder);
    if (this.#device !== undefined) attempt("losetup", "-d", this.#device);
    rmSync(this.#base, { recursive: true });
  }
}

/**
 * Why there can be no such disk on this machine, or `undefined`.
 *
 * @param {FileSystem} kind
 */
export function whyNoLoopDisk(kind) {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "it needs root";
  let disk;
  try {
    disk = new LoopDisk(kind);
    disk.cutPower();
    return undefined;
  } catch (error) {
    return error.message.split("\n").slice(0, 2).join(" ");
  } finally {
    disk?.remove();
  }
}

/**
 * @param {string} program
 * @param {string[]} args
 */
export function run(program, ...args) {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/**
 * For what may fail.
 *
 * @param {string} program
 * @param {string[]} args
 */
export function attempt(program, ...args) {
  try {
    run(program, ...args);
  } catch {}
}
