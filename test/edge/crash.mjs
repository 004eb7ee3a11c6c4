/**
 * The crash search, in a real workerd: a log in a Durable Object goes through its verbs, and ends before each
 * operation that changes the database. What the next object finds is what was acknowledged, and nothing that was not
 * asked for; and the recovery ends before each of its operations, too.
 */
import { rmSync } from "node:fs";
import { folder } from "./install.mjs";
import { withWorkerd } from "./workerd.mjs";

const disk = `${folder}/disk-crash`;
/** Lives at a time. */
const lanes = 8;

export async function checkCrashes(tally) {
  rmSync(disk, { recursive: true, force: true });
  await withWorkerd(disk, async (workerd) => {
    for (const [how, title] of [
      ["lost", "an object that is aborted before any operation keeps what was acknowledged"],
      ["kept", "an object of which any statement was the last keeps what was acknowledged"],
    ]) {
      await tally.check(title, () => crashEverywhere(workerd, how));
    }
  });
}

async function crashEverywhere(workerd, how) {
  const { operations } = await ask(workerd, `${how}-whole/live`);
  const counts = { lives: 0, recoveries: 0 };
  let next = 1;
  const lane = async () => {
    while (next <= operations) await crashAt(workerd, how, next++, counts);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return `${counts.lives} lives, ${counts.recoveries} recoveries that ended as well`;
}

async function crashAt(workerd, how, at, counts) {
  const name = `${how}-${at}`;
  if ((await ask(workerd, `${name}/live?at=${at}&how=${how}`)) !== undefined) {
    throw new Error(`the life that should end before operation ${at} did not`);
  }
  counts.lives++;
  // Each recovery begins with what the one before it has left.
  for (let again = 1; ; again++) {
    if ((await ask(workerd, `${name}/recover?at=${again}&how=${how}`)) !== undefined) break;
    counts.recoveries++;
  }
  await ask(workerd, `${name}/recover`);
}

/** `undefined` when the object has ended before it could answer. */
async function ask(workerd, path) {
  const answer = await fetch(workerd.url(`/${path}`));
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text);
  if (text.startsWith("{")) throw new Error(`${path} ${text}`);
  return undefined;
}
