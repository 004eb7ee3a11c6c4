/**
 * A disk whose writes really fail and then heal: an ext4 file system in an image on a tmpfs that is
 * full, where the blocks of one file have been taken out of the image. It needs root, a loop device
 * and the tools of util-linux and e2fsprogs, and knows nothing of the storage under test.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const mebibyte = 1_048_576;
const blockBytes = 4096;

export class FailingDisk {
  /** Where its file system is mounted. */
  readonly folder: string;
  readonly #base: string;
  readonly #memory: string;
  readonly #image: string;
  readonly #filler: string;
  #device: string | undefined;

  constructor() {
    this.#base = mkdtempSync(join(tmpdir(), "failing-disk-"));
    this.folder = join(this.#base, "disk");
    this.#memory = join(this.#base, "memory");
    this.#image = join(this.#memory, "image");
    this.#filler = join(this.#memory, "filler");
    mkdirSync(this.folder);
    mkdirSync(this.#memory);
    try {
      run("mount", "-t", "tmpfs", "-o", "size=36m,huge=never", "none", this.#memory);
      run("dd", "if=/dev/zero", `of=${this.#image}`, "bs=1M", "count=32");
      const options = "nodiscard,lazy_itable_init=0,lazy_journal_init=0";
      run("mkfs.ext4", "-q", "-F", "-b", `${blockBytes}`, "-E", options, "-J", "size=4", this.#image);
      this.#device = run("losetup", "-f", "--show", this.#image).trim();
      run("mount", this.#device, this.folder);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Makes writes to a mebibyte of the file fail. The file must be on the disk up to there. */
  fail(path: string, position: number): void {
    run("sync", "-f", this.folder);
    const blocks = run("filefrag", "-v", "-b4096", path);
    const extent = [...blocks.matchAll(/^ +\d+: +(\d+)\.\. *(\d+): +(\d+)\.\./gm)]
      .map((match) => match.slice(1).map(Number) as [number, number, number])
      .find(
        ([first, last]) => first * blockBytes <= position && position + mebibyte <= (last + 1) * blockBytes,
      );
    if (extent === undefined) throw new Error(`The file does not lie in one piece:\n${blocks}`);
    const offset = extent[2] * blockBytes + position - extent[0] * blockBytes;
    run("fallocate", "--punch-hole", "--offset", `${offset}`, "--length", `${mebibyte}`, this.#image);
    attempt("dd", "if=/dev/zero", `of=${this.#filler}`, "bs=4k");
  }

  heal(): void {
    unlinkSync(this.#filler);
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
    attempt("umount", "--lazy", this.#memory);
    rmSync(this.#base, { recursive: true });
  }
}

/** Why there can be no such disk on this machine, or `undefined`. */
export function whyNoFailingDisk(): string | undefined {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "it needs root";
  try {
    new FailingDisk().remove();
    return undefined;
  } catch (error) {
    return (error as Error).message.split("\n")[0];
  }
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** For what may fail: filling a disk ends with an error, and so does undoing what was not done. */
function attempt(program: string, ...args: string[]): void {
  try {
    run(program, ...args);
  } catch {}
}
