/**
 * A real file system in an image on a loop device, that can lose its power: what was not flushed is gone,
 * as after a cut of the machine's. It needs root, loop devices and a few Debian packages, and knows nothing
 * of logs.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type FileSystem = "ext4" | "xfs";

const mebibytes = { ext4: 96, xfs: 320 };

export class LoopDisk {
  /** Where its file system is mounted. */
  readonly folder: string;
  readonly #base: string;
  #device: string | undefined;

  constructor(kind: FileSystem, size = mebibytes[kind]) {
    this.#base = mkdtempSync(join(realpathSync(tmpdir()), "walkabout-disk-"));
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
  cutPower(): void {
    run("xfs_io", "-x", "-c", "shutdown", this.folder);
  }

  /** What stands in files that are still open keeps the file system from being unmounted. */
  remount(): void {
    run("umount", this.folder);
    run("mount", this.#device!, this.folder);
  }

  /** Also when a test that failed has left files open on it. */
  remove(): void {
    attempt("umount", "--lazy", this.folder);
    if (this.#device !== undefined) attempt("losetup", "-d", this.#device);
    rmSync(this.#base, { recursive: true });
  }
}

/** Why there can be no such disk on this machine, or `undefined`. */
export function whyNoLoopDisk(kind: FileSystem): string | undefined {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "it needs root";
  let disk: LoopDisk | undefined;
  try {
    disk = new LoopDisk(kind);
    disk.cutPower();
    disk.remount();
    return undefined;
  } catch (error) {
    return (error as Error).message.split("\n").slice(0, 2).join(" ");
  } finally {
    disk?.remove();
  }
}

export function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** For what may fail. */
export function attempt(program: string, ...args: string[]): void {
  try {
    run(program, ...args);
  } catch {}
}
