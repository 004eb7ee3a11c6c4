/** Stops processes where they are, as a loss of power does with the machine around them. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { signalGroup } from "./group.mjs";

/**
 * Stops every process of the group that `leader` leads, and resolves when none of them runs. A call that the kernel
 * is in the middle of does not return to it. Without this, a flush that is under way while ext4 is shut down may
 * answer success to a process that still lives, though its bytes are lost.
 *
 * @param {number} leader
 */
export async function freezeGroup(leader) {
  for (;;) {
    if (!signalGroup(leader, "SIGSTOP")) return;
    if (statesOf(leader).every((state) => "TtDZX".includes(state))) return;
    await sleep(1);
  }
}

/** One letter for each thread of the group, see proc(5). */
function statesOf(group) {
  const states = [];
  for (const process of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (fieldsOf(`/proc/${process}/stat`)[2] !== String(group)) continue;
    for (const thread of entriesOf(`/proc/${process}/task`)) {
      states.push(fieldsOf(`/proc/${process}/task/${thread}/stat`)[0]);
    }
  }
  return states;
}

/** What follows the program's name, which may hold anything. What has ended meanwhile counts as dead. */
function fieldsOf(path) {
  try {
    const text = readFileSync(path, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return ["X"];
  }
}

function entriesOf(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
