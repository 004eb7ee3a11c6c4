/** What `npm pack` makes: which files it holds, and what publint and are-the-types-wrong say of it. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { installed, runOrThrow } from "../tools/command.mjs";

/** The only things that belong in the package. */
const packable = [
  /^dist\/(src|adapters)\/[\w/-]+\.(js|d\.ts)$/,
  /^(package\.json|README\.md|LICENSE|FORMAT\.md|CHANGELOG\.md)$/,
];
const required = ["package.json", "README.md", "LICENSE", "FORMAT.md", "CHANGELOG.md"];

/** Packs into `folder` and answers `{ file, files }`, or undefined when that failed. */
export async function pack(folder, tally) {
  let packed;
  await tally.check("npm pack", async () => {
    const output = await runOrThrow("npm", ["pack", "--json", "--pack-destination", folder]);
    // npm writes its warnings in front of the JSON, and newer releases name each package in it.
    const parsed = JSON.parse(output.slice(output.search(/^[[{]/m)));
    const [report] = Object.values(parsed);
    packed = { file: join(folder, basename(report.filename)), files: report.files.map(({ path }) => path) };
    return `${report.files.length} files, ${report.size} bytes packed, ${report.unpackedSize} unpacked`;
  });
  return packed;
}

export async function checkTarball({ file, files }, tally) {
  await tally.check("holds the built library and its documents, nothing else", () => {
    const stray = files.filter((path) => !packable.some((pattern) => pattern.test(path)));
    const missing = required.filter((path) => !files.includes(path));
    if (stray.length > 0) throw new Error(`does not belong there: ${stray.join(", ")}`);
    if (missing.length > 0) throw new Error(`is missing: ${missing.join(", ")}`);
  });
  await tally.check("publint", () => lint(file));
  await tally.check("are the types wrong (esm-only: there is no CommonJS build by design)", async () => {
    await runOrThrow(installed("attw"), [file, "--profile", "esm-only", "--no-color", "--no-emoji"]);
  });
}

async function lint(file) {
  const tarball = readFileSync(file);
  const arrayBuffer = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: arrayBuffer }, strict: true });
  if (messages.length === 0) return;
  throw new Error(messages.map((message) => formatMessage(message, pkg, { color: false })).join("\n"));
}
