/**
 * One log on machines of different kinds: begun in the files of a Chromium, continued in files of Node, moved into a
 * Durable Object, continued there, and brought back. Bytes and offsets stay the same all the way.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPages } from "../browser/driver/build.mjs";
import { startServer } from "../browser/driver/server.mjs";
import { session, withProfile } from "../browser/session.mjs";
import { root, runOrThrow } from "../tools/command.mjs";
import { folder } from "./install.mjs";
import { withWorkerd } from "./workerd.mjs";

const topic = "travels/ü";
const disk = `${folder}/disk-journey`;

export async function checkJourney(tally) {
  await tally.check("a log goes from Chromium to files to a Durable Object and back to files", async () => {
    rmSync(disk, { recursive: true, force: true });
    const places = ["first", "second"].map((name) => mkdtempSync(join(tmpdir(), `walkabout-${name}-`)));
    try {
      return await travel(...places);
    } finally {
      for (const place of places) rmSync(place, { recursive: true });
    }
  });
}

async function travel(first, second) {
  const { exportLog, importLog, openLog } = await import(`${root}dist/src/index.js`);
  const { nodeStorage } = await import(`${root}dist/adapters/node/storage.js`);

  const browser = await begin();
  if (!browser.home.includes("opfs")) throw new Error(`in the browser it lies in ${browser.home}`);
  await importLog(nodeStorage(first), [browser.archive]);
  await verify(first);

  const log = await openLog({ storage: nodeStorage(first), topic });
  demandSame("what the browser wrote", await linesOf(log), browser.lines);
  for (let index = 0; index < 3; index++) await log.append({ value: `files ${index}` });
  await log.rotate();
  await log.append({ value: "files, another segment" });
  const atHome = await linesOf(log);
  await log.close();
  const toEdge = await gather(exportLog({ storage: nodeStorage(first), topic }));

  await withWorkerd(disk, async (workerd) => {
    const arrived = await ask(workerd, "import", toEdge);
    demandSame("what arrived in the object", arrived.lines, atHome);
  });
  // Another process finds it on the disk.
  const fromEdge = await withWorkerd(disk, async (workerd) => {
    await importLog(nodeStorage(second), [await bytesOf(workerd)]);
    demandSameFiles(first, second);
    rmSync(second, { recursive: true });
    const { lines, verdict } = await ask(workerd, "continue");
    if (verdict !== "clean") throw new Error(`the object found it ${verdict}`);
    demandSame("what the object had, and what it added", lines.slice(0, -3), atHome);
    return { lines, archive: await bytesOf(workerd) };
  });

  await importLog(nodeStorage(second), [fromEdge.archive]);
  await verify(second);
  const back = await openLog({ storage: nodeStorage(second), topic });
  demandSame("what came back", await linesOf(back), fromEdge.lines);
  const { offset } = await back.append({ value: "home again" });
  await back.close();
  await verify(second);
  const kept = demandSameFiles(first, second, "all but those that were continued");
  return `${offset + 1} offsets in all, ${kept} segments unchanged from end to end`;
}

/** Lets a page write a log, and takes the archive that it sends. */
async function begin() {
  await buildPages();
  const server = await startServer();
  const told = {};
  const heard = (message, done) => {
    if (message.type === "holds") Object.assign(told, { lines: message.records, home: message.home });
    if (message.type === "bytes") told.archive = message.bytes;
    if (message.type === "end") done();
  };
  const parameters = { mode: "export", prefer: "opfs" };
  try {
    await withProfile((profile) =>
      session({ server, browser: "Chromium", profile, page: "archive", parameters, heard }),
    );
  } finally {
    server.close();
  }
  return told;
}

async function verify(place) {
  await runOrThrow(process.execPath, [`${root}dist/src/cli/main.js`, "verify", place]);
}

async function ask(workerd, action, body) {
  const answer = await fetch(workerd.url(`/travel/${action}`), { method: "POST", body });
  if (!answer.ok) throw new Error(`${action}: ${await answer.text()}`);
  return answer.json();
}

async function bytesOf(workerd) {
  const answer = await fetch(workerd.url("/travel/export"));
  if (!answer.ok) throw new Error(`export: ${await answer.text()}`);
  return Buffer.from(await answer.arrayBuffer());
}

async function gather(chunks) {
  const gathered = [];
  for await (const chunk of chunks) gathered.push(chunk);
  return Buffer.concat(gathered);
}

async function linesOf(log) {
  const lines = [];
  for await (const { offset, timestamp, value } of log.read()) {
    lines.push(`${offset} ${timestamp} ${new TextDecoder().decode(value)}`);
  }
  return lines;
}

function demandSame(what, found, expected) {
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  throw new Error(`${what} is ${JSON.stringify(found)}, and not ${JSON.stringify(expected)}`);
}

/** Compares the segments byte for byte, and answers how many there are. The last one may have been continued. */
function demandSameFiles(first, second, butLast) {
  const [before, after] = [first, second].map(segmentsOf);
  const names = [...before.keys()].toSorted();
  const compared = butLast === undefined ? names : names.slice(0, -1);
  if (butLast === undefined) demandSame("the list of segments", [...after.keys()].toSorted(), names);
  for (const name of compared) {
    if (after.get(name)?.equals(before.get(name)) !== true) throw new Error(`${name} has other bytes`);
  }
  return compared.length;
}

function segmentsOf(place) {
  const files = readdirSync(place, { recursive: true }).filter((name) => name.endsWith(".wal"));
  return new Map(files.map((name) => [name, readFileSync(join(place, name))]));
}
