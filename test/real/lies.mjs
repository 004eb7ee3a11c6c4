/**
 * Shows, without this library, how the tools that stand for broken disks and cut cables may lie. It needs
 * root, loop devices, xfsprogs and e2fsprogs:
 *
 *     node test/real/lies.mjs shutdown    a writer that goes on while its ext4 is shut down
 *     node test/real/lies.mjs stopped     the same, with the writer stopped before
 *     node test/real/lies.mjs loop        a device that fails in the middle of one write
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const [what, ...rest] = process.argv.slice(2);
const run = (program, ...args) =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Writes and flushes for ever, and says after each flush how long the file is. */
function writer(folder) {
  const file = openSync(join(folder, "file"), "w");
  fsyncSync(openSync(folder, "r"));
  for (let length = 0; ;) {
    length += writeSync(file, Buffer.alloc(100 + (length % 300), 1), 0);
    fdatasyncSync(file);
    writeSync(1, `${length}\n`);
  }
}

function mounted(base, image) {
  const folder = join(base, "disk");
  mkdirSync(folder);
  run(
    "mkfs.ext4",
    "-q",
    "-F",
    "-b",
    "4096",
    "-E",
    "nodiscard,lazy_itable_init=0,lazy_journal_init=0",
    "-J",
    "size=4",
    image,
  );
  const device = run("losetup", "-f", "--show", image).trim();
  run("mount", device, folder);
  const remount = () => {
    run("umount", folder);
    run("mount", device, folder);
  };
  const remove = () => {
    run("umount", "--lazy", folder);
    run("losetup", "-d", device);
  };
  return { folder, remount, remove };
}

async function shutdowns(base, isStopped) {
  run("truncate", "-s", "64M", join(base, "image"));
  const disk = mounted(base, join(base, "image"));
  const cuts = 100;
  let losses = 0;
  for (let cut = 0; cut < cuts; cut++) {
    const child = spawn(process.execPath, [import.meta.filename, "writer", disk.folder]);
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    child.stderr.resume();
    await once(child.stdout, "data");
    await sleep(Math.random() * 40);
    if (isStopped) {
      child.kill("SIGSTOP");
      await sleep(10);
    }
    run("xfs_io", "-x", "-c", "shutdown", disk.folder);
    child.kill("SIGKILL");
    await once(child, "close");
    disk.remount();
    const flushed = Number(output.trim().split("\n").at(-1));
    if (statSync(join(disk.folder, "file")).size < flushed) losses++;
  }
  disk.remove();
  console.log(`${losses} of ${cuts} cuts lost bytes whose flush had answered success`);
}

function loop(base) {
  const memory = join(base, "memory");
  mkdirSync(memory);
  run("mount", "-t", "tmpfs", "-o", "size=36m,huge=never", "none", memory);
  run("dd", "if=/dev/zero", `of=${join(memory, "image")}`, "bs=1M", "count=32");
  const disk = mounted(base, join(memory, "image"));
  const file = openSync(join(disk.folder, "file"), "w+");
  writeSync(file, Buffer.alloc(4_194_304, 1), 0, 4_194_304, 0);
  fsyncSync(file);
  const [, first] = /^ +0: +0\.\. *\d+: +(\d+)/m.exec(
    run("filefrag", "-v", "-b4096", join(disk.folder, "file")),
  );
  const hole = 1_601_536;
  run(
    "fallocate",
    "--punch-hole",
    "--offset",
    `${first * 4096 + hole}`,
    "--length",
    "1048576",
    join(memory, "image"),
  );
  try {
    run("dd", "if=/dev/zero", `of=${join(memory, "filler")}`, "bs=4k");
  } catch {
    // It is full, which is what was wanted.
  }
  writeSync(file, Buffer.alloc(100_000, 2), 0, 100_000, hole - 200);
  let answer = "success";
  try {
    fdatasyncSync(file);
  } catch (error) {
    answer = error.code;
  }
  closeSync(file);
  rmSync(join(memory, "filler"));
  disk.remount();
  const bytes = readFileSync(join(disk.folder, "file")).subarray(hole - 200, hole - 200 + 100_000);
  console.log(
    `the flush answered ${answer}, and ${bytes.filter((byte) => byte !== 2).length} of 100000 bytes are lost`,
  );
  disk.remove();
  run("umount", memory);
}

if (what === "writer") writer(...rest);
else {
  const base = mkdtempSync(join(tmpdir(), "walkabout-lies-"));
  if (what === "loop") loop(base);
  else await shutdowns(base, what === "stopped");
  rmSync(base, { recursive: true });
}
