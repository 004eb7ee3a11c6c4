/**
 * A real file system that can lose its power: ext4 in an image on a loop device. A shut-down file system
 * writes nothing any more, not even its own journal, so what is found when it is mounted again is what
 * had been flushed. Needs root and loop devices.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, runOrThrow } from "../../tools/command.mjs";

/** A mounted disk, or the reason why there can be none here. */
export async function makeDisk({ megabytes = 700 } = {}) {
  if (process.platform !== "linux" || process.getuid() !== 0) return "power cuts need Linux and root";
  const folder = mkdtempSync(join(tmpdir(), "walkabout-disk-"));
  const [image, path] = [join(folder, "image"), join(folder, "mounted")];
  mkdirSync(path);
  const unmount = () => runOrThrow("umount", [path]);
  const mount = () => runOrThrow("mount", ["-o", "loop", image, path]);
  try {
    await runOrThrow("truncate", ["-s", `${megabytes}M`, image]);
    await runOrThrow("mkfs.ext4", ["-q", image]);
    await mount();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    return `no file system can be mounted here: ${error.message}`;
  }
  return {
    path,
    /** From now on nothing reaches the disk. */
    cutPower: () => runOrThrow("xfs_io", ["-x", "-c", "shutdown", path]),
    /** To be called when nobody uses it any more. */
    async mountAgain() {
      await patiently(unmount);
      await mount();
    },
    async remove() {
      await patiently(unmount).catch(() => run("umount", ["-l", path]));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The last of killed processes may take a moment to let go. */
async function patiently(work) {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 50) throw error;
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
