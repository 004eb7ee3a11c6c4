/** What a web page pays for what it imports, bundled and minified by Vite. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

/** The README states these numbers, of bytes that are gzipped; raise both or none. */
const pages = [
  { what: "the core with the in-memory backend", entry: "page.mjs", bytesMax: 24_000 },
  { what: "the core with walkabout/browser", entry: "page-in-browser.mjs", bytesMax: 33_500 },
  { what: "walkabout/browser by itself", entry: "page-part.mjs", bytesMax: 12_000, workerBytesMax: 6_000 },
];

export async function checkBundle(project, tally) {
  for (const { what, entry, bytesMax, workerBytesMax } of pages) {
    let made;
    const isMade = await tally.check(`${what} bundles for browsers`, async () => {
      made = await bundle(project, entry);
    });
    if (!isMade) continue;
    await tally.check(`${what} needs nothing of Node`, () => {
      const needs = /["'`]node:\w+["'`]|\brequire\(|\b(?:process|Buffer)\./.exec(made.page);
      if (needs) throw new Error(`it contains ${needs[0]}`);
    });
    await tally.check(`${what} is under ${bytesMax} bytes gzipped`, () => sizeBelow(bytesMax, made.page));
    if (workerBytesMax === undefined) continue;
    await tally.check(`its worker is under ${workerBytesMax} bytes gzipped`, () =>
      sizeBelow(workerBytesMax, made.worker),
    );
  }
}

function sizeBelow(bytesMax, code) {
  const size = gzipSync(code, { level: 9 }).length;
  if (size >= bytesMax) throw new Error(`it has ${size} bytes gzipped`);
  return `${code.length} bytes minified, ${size} gzipped`;
}

/** The one chunk that Vite makes of `entry`, and the worker's file. A second chunk or an import left over is an error. */
async function bundle(project, entry) {
  const warnings = [];
  const { output } = await build({
    root: project,
    configFile: false,
    logLevel: "silent",
    worker: { format: "es" },
    build: {
      write: false,
      target: "es2022",
      minify: true,
      rolldownOptions: {
        input: join(project, entry),
        preserveEntrySignatures: "strict",
        onwarn: (warning) => warnings.push(warning.message),
      },
    },
  });
  const [chunk, ...others] = output;
  const worker = others.find(({ fileName }) => /\bworker-/.test(fileName));
  if (warnings.length > 0) throw new Error(warnings.join("\n"));
  if (others.some((other) => other !== worker))
    throw new Error(`more than one file: ${output.map((o) => o.fileName).join(", ")}`);
  if (chunk.imports.length > 0) throw new Error(`still imports ${chunk.imports.join(", ")}`);
  return { page: chunk.code, worker: worker?.source };
}
