/**
 * Measures walkabout beside what one would take instead, and writes a report of it.
 *
 *     npm run bench                       everything, in a quarter of an hour
 *     npm run bench -- --quick            less of everything, in two minutes
 *     npm run bench -- --only replay,edge some parts alone
 *     npm run bench -- --profile          names the functions in which the time goes, and nothing else
 *     npm run bench -- --try              every part for a moment, to see that it works: its figures mean nothing
 *     npm run bench -- --save             keeps the report in bench/ instead of .tmp/bench
 *
 * What cannot be measured stands in the report with the reason, and stops nothing else.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { budgets } from "./budget.mjs";
import { installPeers } from "./install.mjs";
import { machineOf, versionsOf } from "./machine.mjs";
import { measureDurable, measureRelaxed } from "./parts/append.mjs";
import { countFlushes } from "./parts/flushes.mjs";
import { measureLatencies } from "./parts/latency.mjs";
import { measureMemory } from "./parts/memory.mjs";
import { measureMicro } from "./parts/micro.mjs";
import { measureOpen } from "./parts/open.mjs";
import { profileOurs } from "./parts/profile.mjs";
import { measureReplay } from "./parts/replay.mjs";
import { writeReport } from "./report/report.mjs";

const parts = {
  append: measureDurable,
  relaxed: measureRelaxed,
  replay: measureReplay,
  open: measureOpen,
  latency: measureLatencies,
  memory: measureMemory,
  flushes: countFlushes,
  micro: measureMicro,
  // These two need the bundler, which is loaded only for them.
  browser: async (context) => (await import("./parts/browser.mjs")).measureBrowser(context),
  edge: async (context) => (await import("./parts/edge.mjs")).measureEdge(context),
  profile: profileOurs,
};

const here = import.meta.dirname;
const say = (line) => console.error(`bench: ${line}`);

function chooseOptions() {
  const flag = { type: "boolean", default: false };
  const options = { quick: flag, save: flag, profile: flag, try: flag, only: { type: "string" } };
  try {
    const { values } = parseArgs({ options });
    const all = Object.keys(parts).filter((name) => name !== "profile");
    const chosen = values.only?.split(",") ?? (values.profile ? ["profile"] : all);
    const unknown = chosen.filter((name) => !(name in parts));
    if (unknown.length > 0) throw new Error(`no part ${unknown.join(", ")}; there are ${Object.keys(parts)}`);
    const isPart = values.only !== undefined || values.profile || values.try;
    if (values.save && isPart)
      throw new Error("--save keeps whole reports: leave out --only, --profile and --try");
    return { ...values, chosen };
  } catch (error) {
    say(error.message);
    return process.exit(3);
  }
}

async function main() {
  const { quick, save, try: tries, chosen } = chooseOptions();
  const output = join(here, "../.tmp/bench");
  mkdirSync(output, { recursive: true });
  installPeers(say);
  const scratch = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), "walkabout-bench-"));
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  const budget = tries ? budgets.try : quick ? budgets.quick : budgets.full;
  const begun = performance.now();
  const figures = {
    command: ["npm run bench", process.argv.slice(2).join(" ")].filter(Boolean).join(" -- "),
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    meansNothing: tries,
    machine: machineOf(scratch),
    versions: versionsOf(),
    parts: {},
  };
  for (const name of chosen) {
    const progress = (what) => say(`${Math.round((performance.now() - begun) / 1000)} s, ${name}: ${what}`);
    const context = { budget: budget[name], scratch, output, progress };
    figures.parts[name] = await parts[name](context).catch((error) => ({ failed: error.message }));
    if ("failed" in figures.parts[name]) say(`${name} could not be measured: ${figures.parts[name].failed}`);
    // What was measured is kept even if the rest is cut short.
    writeFileSync(join(output, "figures.json"), JSON.stringify(figures));
  }
  figures.minutes = (performance.now() - begun) / 60_000;
  writeFileSync(join(output, "figures.json"), JSON.stringify(figures));
  const folder = save ? here : output;
  console.log(writeReport(figures, folder));
  say(`wrote ${join(folder, "report.html")} and ${join(folder, "RESULTS.md")}`);
  process.exit(0);
}

await main();
