/**
 * A process that opens a place to write, says how that went in one line, and keeps it open until it
 * is killed: `opener.mjs DIRECTORY OPTIONS`. `storage` stands for the bundled storage of Node.
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { nodeStorage } from "storage";

const [directory, options] = process.argv.slice(2);
const { user, spawnChild, path = ["orders", "0"] } = JSON.parse(options);
if (user !== undefined) process.setuid(user);

try {
  globalThis.place = nodeStorage(directory).open(path, { mode: "write" });
  if (spawnChild) {
    const child = spawn("sleep", ["600"], { stdio: "ignore", detached: true });
    console.log(`open with child ${child.pid}`);
  } else {
    console.log("open");
  }
} catch (error) {
  console.log(`${error.code} ${error.message}`);
}
setInterval(() => {}, 1000);
