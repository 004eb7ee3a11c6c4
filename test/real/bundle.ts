/**
 * The writer with everything it needs in one file, for the oldest Node that is supported runs nothing
 * else. It can be bundled with a mistake put into the Node backend, to see the tests find it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "vite";

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** Each mistake: what is taken out of which file, and what is put there. */
const mistakes = {
  "no file flush": {
    file: "adapters/node/file.ts",
    changes: [
      ["fdatasyncSync(this.#descriptor);", ""],
      ["await asPromise((done) => fdatasync(descriptor, done));", "await undefined;"],
    ],
  },
  "no folder flush": {
    file: "adapters/node/folder.ts",
    changes: [
      ["if (this.#descriptor !== undefined) fsyncSync(this.#descriptor);", ""],
      ["fsync(descriptor, (error) => (error ? reject(error) : resolve()));", "setImmediate(resolve);"],
    ],
  },
} as const;

export type Mistake = keyof typeof mistakes;

export interface WriterBundle {
  readonly script: string;
  remove(): void;
}

export async function bundleWriter(mistake?: Mistake): Promise<WriterBundle> {
  const folder = mkdtempSync(join(tmpdir(), "walkabout-writer-"));
  const alias = [
    { find: "walkabout/node", replacement: path("adapters/node/storage.ts") },
    { find: "walkabout", replacement: path("src/index.ts") },
  ];
  await build({
    configFile: false,
    logLevel: "silent",
    resolve: { alias },
    plugins: mistake === undefined ? [] : [mistaken(mistake)],
    build: {
      ssr: path("test/real/writer.mjs"),
      outDir: folder,
      minify: false,
      rolldownOptions: { output: { entryFileNames: "writer.mjs" } },
    },
  });
  return { script: join(folder, "writer.mjs"), remove: () => rmSync(folder, { recursive: true }) };
}

function mistaken(mistake: Mistake): Plugin {
  const { file, changes } = mistakes[mistake];
  return {
    name: "mistake",
    enforce: "pre",
    transform(code, id) {
      if (!id.endsWith(file)) return undefined;
      let changed = code;
      for (const [from, to] of changes) {
        if (!changed.includes(from)) throw new Error(`${file} has no “${from}” to take out`);
        changed = changed.replace(from, to);
      }
      return changed;
    },
  };
}
