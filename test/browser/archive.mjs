/** Logs travel: out of a browser, through the command-line tool and a log on files, and back into a browser. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runOrThrow } from "../tools/command.mjs";
import { output } from "./driver/build.mjs";
import { session, withProfile } from "./session.mjs";

const topic = "travels/ü";

export async function checkArchives(server, tally) {
  for (const [browser, prefer] of [
    ["Chromium", "opfs"],
    ["Chromium", "indexeddb"],
    ["Firefox", "opfs"],
    ["WebKit", "indexeddb"],
  ]) {
    await tally.check(
      `${browser}: a log on ${prefer} leaves as an archive, goes on in files, and comes back`,
      () => withProfile((profile) => travel({ server, browser, profile, page: "archive" }, prefer)),
    );
  }
}

async function travel(life, prefer) {
  const { openLog, importLog, exportLog } = await import(`${root}dist/src/index.js`);
  const { nodeStorage } = await import(`${root}dist/adapters/node/storage.js`);
  const folder = mkdtempSync(join(tmpdir(), "walkabout-archive-"));
  try {
    const { holds, bytes } = await visit(life, { mode: "export", prefer });
    if (!holds.home.includes(prefer)) throw new Error(`the log lies in ${holds.home}`);
    const storage = nodeStorage(folder);
    await importLog(storage, [bytes]);
    await runOrThrow(process.execPath, [`${root}dist/src/cli/main.js`, "verify", folder]);
    const log = await openLog({ storage, topic });
    expectSame(await linesOf(log), holds.records);
    for (let index = 0; index < 3; index++) await log.append({ value: `files ${index}` });
    const expected = await linesOf(log);
    await log.close();
    const archive = [];
    for await (const chunk of exportLog({ storage, topic })) archive.push(chunk);
    writeFileSync(join(output, "archive.tar"), Buffer.concat(archive));
    const back = await visit(life, { mode: "import", prefer });
    expectSame(back.holds.records, expected);
    if (back.holds.verdict !== "clean") throw new Error(`it was found ${back.holds.verdict}`);
    return `${expected.length} records, ${holds.home}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the page says of its log, and the archive, if it sends one. */
async function visit(life, parameters) {
  let holds;
  let bytes;
  await session({
    ...life,
    parameters,
    heard(message, done) {
      if (message.type === "error") throw new Error(message.message);
      if (message.type === "holds") holds = message;
      if (message.type === "bytes") bytes = message.bytes;
      if (message.type === "end") done();
    },
  });
  return { holds, bytes };
}

async function linesOf(log) {
  const lines = [];
  for await (const { offset, timestamp, value } of log.read()) {
    lines.push(`${offset} ${timestamp} ${new TextDecoder().decode(value)}`);
  }
  return lines;
}

function expectSame(found, expected) {
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  throw new Error(`it holds ${JSON.stringify(found)}, and not ${JSON.stringify(expected)}`);
}
