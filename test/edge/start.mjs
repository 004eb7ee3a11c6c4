/** What a log reads when it is opened in an object that starts cold: the last segment, however many there are. */
import { rmSync } from "node:fs";
import { folder } from "./install.mjs";
import { withWorkerd } from "./workerd.mjs";

const disk = `${folder}/disk-start`;
const few = 4;
const many = 80;

export async function checkStart(tally) {
  for (const close of ["yes", "no"]) {
    const how = close === "yes" ? "closed" : "killed";
    await tally.check(
      `opens a log that was ${how} without reading more of ${many} segments than of ${few}`,
      () => compare(close),
    );
  }
}

async function compare(close) {
  rmSync(disk, { recursive: true, force: true });
  await withWorkerd(disk, async (workerd) => {
    for (const segments of [few, many]) {
      const answer = await fetch(workerd.url(`/${segments}/fill?segments=${segments}&close=${close}`));
      const made = await answer.json();
      if (made.segments !== segments) throw new Error(`there are ${made.segments} segments`);
    }
  });
  // A new process, in which nothing of the database is in memory.
  return withWorkerd(disk, async (workerd) => {
    const [short, long] = await Promise.all(
      [few, many].map(async (segments) => (await fetch(workerd.url(`/${segments}/open`))).json()),
    );
    for (const what of ["statements", "rowsOfBytes", "bytes"]) {
      if (short[what] === long[what]) continue;
      throw new Error(`${what}: ${short[what]} of ${few} segments, ${long[what]} of ${many}`);
    }
    const { statements, rowsOfBytes, bytes } = long;
    const names = `names: ${short.rowsOfNames} rows of ${few} segments, ${long.rowsOfNames} of ${many}`;
    return `${statements} statements, ${rowsOfBytes} rows with ${bytes} bytes; ${names}`;
  });
}
