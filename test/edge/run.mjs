/** The tests inside of a real workerd: the conformance suites in a Durable Object, and what is left of one that is killed. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { build } from "vite";
import { root, runOrThrow } from "../tools/command.mjs";
import { LoopDisk, whyNoLoopDisk } from "../tools/loop-disk.mjs";
import { startWorkerd } from "./workerd.mjs";

const folder = `${root}.tmp/edge`;
const program = `${folder}/node_modules/.bin/workerd`;
const accidents = Number(process.env.EDGE_ACCIDENTS ?? 10);

export async function checkEdge(tally) {
  await install();
  await bundle();
  rmSync(`${folder}/disk`, { recursive: true, force: true });
  const workerd = await startWorkerd(program, folder, `${folder}/disk`);
  try {
    await conformance(tally, workerd);
  } finally {
    await workerd.kill();
  }
  await tally.check(`keeps every acknowledged record through ${accidents} kills`, () =>
    surviveAccidents(`${folder}/disk`),
  );
  await tally.check(`keeps every acknowledged record through ${accidents} losses of power`, async () => {
    const whyNot = whyNoLoopDisk("ext4");
    if (whyNot !== undefined) return `not tried: ${whyNot}`;
    const disk = new LoopDisk("ext4", 200);
    try {
      return await surviveAccidents(disk.folder, disk);
    } finally {
      disk.remove();
    }
  });
}

/** Kills it again and again, and takes the power of its disk before if there is one that can lose it. */
async function surviveAccidents(path, disk) {
  const expected = [];
  for (let round = 0; round <= accidents; round++) {
    const workerd = await startWorkerd(program, folder, `${path}/objects`);
    try {
      await compare(workerd, expected);
      const appending = appendUntilItDies(workerd, round, expected);
      await new Promise((done) => setTimeout(done, 30 + Math.random() * 150));
      if (disk !== undefined) {
        await workerd.freeze();
        disk.cutPower();
      }
      await workerd.kill();
      await appending;
    } finally {
      await workerd.kill();
    }
    await disk?.remount();
  }
  return `${expected.filter(Boolean).length} records acknowledged`;
}

async function install() {
  if (existsSync(program)) return;
  console.log("  installing workerd from npm into .tmp/edge");
  mkdirSync(folder, { recursive: true });
  const manifest = { private: true, dependencies: { workerd: "latest" }, allowScripts: { workerd: true } };
  writeFileSync(`${folder}/package.json`, JSON.stringify(manifest, null, 2));
  await runOrThrow("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"], { cwd: folder });
}

async function bundle() {
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    build: {
      outDir: `${folder}/bundle`,
      target: "es2022",
      minify: false,
      lib: { entry: `${root}test/edge/worker.ts`, formats: ["es"], fileName: () => "worker.js" },
    },
  });
}

async function conformance(tally, workerd) {
  const response = await fetch(workerd.url("/conformance/conformance"), { method: "POST" });
  const results = (await response.text())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const { name, state, failure } of results) {
    if (state === "skipped") console.log(`  left  ${name}`);
    else
      await tally.check(name, () => {
        if (state === "failed") throw new Error(failure);
      });
  }
}

/** Several clients append values of their own; what is acknowledged goes into `expected`, by its offset. */
async function appendUntilItDies(workerd, round, expected) {
  const client = async (number) => {
    for (let batch = 0; ; batch++) {
      const values = Array.from(
        { length: 5 },
        (_, index) => `${round} ${number} ${batch} ${index} ${"x".repeat(100)}`,
      );
      let acks;
      try {
        const response = await fetch(workerd.url("/log/append"), {
          method: "POST",
          body: JSON.stringify(values),
        });
        acks = await response.json();
      } catch {
        return;
      }
      for (const [index, { offset, durability }] of acks.entries()) {
        if (durability !== "disk") throw new Error(`offset ${offset} was acknowledged as ${durability}`);
        expected[offset] = values[index];
      }
    }
  };
  await Promise.all(Array.from({ length: 4 }, (_, number) => client(number)));
}

async function compare(workerd, expected) {
  const { values, recovery } = await (await fetch(workerd.url("/log/read"))).json();
  for (const [offset, value] of expected.entries()) {
    if (value === undefined || values[offset] === value) continue;
    throw new Error(
      `offset ${offset} was acknowledged and is ${values[offset] ?? "gone"} (${JSON.stringify(recovery)})`,
    );
  }
}
