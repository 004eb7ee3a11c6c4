/**
 * Logs travel: out of a browser, through the command-line tool and a log on files, and back into a browser. Their bytes
 * are those that the same appends make on files.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runOrThrow } from "../tools/command.mjs";
import { sentAway, topic } from "./archived.mjs";
import { output } from "./driver/build.mjs";
import { session, withProfile } from "./session.mjs";

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
    const { holds, archives } = await visit(life, { mode: "export", prefer });
    if (!holds.home.includes(prefer)) throw new Error(`the log lies in ${holds.home}`);
    const [, twin] = await sentAway(nodeStorage(join(folder, "twin")), { openLog, exportLog });
    if (!archives[1].equals(Buffer.concat(twin)))
      throw new Error("the same appends on files make other bytes");
    const storage = nodeStorage(join(folder, "travelled"));
    await importLog(storage, [archives[0]]);
    await runOrThrow(process.execPath, [`${root}dist/src/cli/main.js`, "verify", join(folder, "travelled")]);
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
    return `${archives[1].length} bytes, as on files; ${expected.length} records, ${holds.home}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the page says of its log, and the archives that it sends. */
async function visit(life, parameters) {
  let holds;
  const archives = [];
  await session({
    ...life,
    parameters,
    heard(message, done) {
      if (message.type === "error") throw new Error(message.message);
      if (message.type === "holds") holds = message;
      if (message.type === "bytes") archives.push(message.bytes);
      if (message.type === "end") done();
    },
  });
  return { holds, archives };
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
