/** What a web page pays: the core and the in-memory backend, bundled and minified by Vite. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

/** The README states this number; raise both or none. */
export const BUNDLE_BYTES_MAX = 23_000;

export async function checkBundle(project, tally) {
  let code;
  const made = await tally.check("bundles for browsers", async () => {
    code = await bundle(project, "page.mjs");
  });
  if (!made) return;

  await tally.check("the bundle needs nothing of Node", () => {
    const needs = /["'`]node:\w+["'`]|\brequire\(|\b(?:process|Buffer)\./.exec(code);
    if (needs) throw new Error(`it contains ${needs[0]}`);
  });
  await tally.check(`the bundle is under ${BUNDLE_BYTES_MAX} bytes gzipped`, () => {
    const size = gzipSync(code, { level: 9 }).length;
    if (size >= BUNDLE_BYTES_MAX) throw new Error(`it has ${size} bytes gzipped`);
    return `${code.length} bytes minified, ${size} gzipped`;
  });
}

/** The one chunk that Vite makes of `entry`. A second chunk or an import left over is an error. */
async function bundle(project, entry) {
  const warnings = [];
  const { output } = await build({
    root: project,
    configFile: false,
    logLevel: "silent",
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
  if (warnings.length > 0) throw new Error(warnings.join("\n"));
  if (others.length > 0) throw new Error(`more than one file: ${output.map((o) => o.fileName).join(", ")}`);
  if (chunk.imports.length > 0) throw new Error(`still imports ${chunk.imports.join(", ")}`);
  return chunk.code;
}
