/**
 * All benchmarks of this package against a raw loop, and a report of them. Every figure is a ratio
 * to the raw loop of the same process and round, or says what it is.
 *
 *     npm run bench               prints the report
 *     npm run bench -- --quick    shorter rounds
 *     npm run bench -- --save     writes bench/RESULTS.md as well
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release, tmpdir } from "node:os";
import { join } from "node:path";

const options = process.argv.slice(2);
const unknown = options.find((option) => !["--quick", "--save"].includes(option));
if (unknown !== undefined) {
  console.error(`bench: unknown option ${unknown}; there are --quick and --save`);
  process.exit(3);
}
const quick = options.includes("--quick");
const lines = [];
const say = (line = "") => {
  lines.push(line);
  console.log(line);
};
const here = (name) => join(import.meta.dirname, name);

function run(script, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [here(script), ...args], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${script} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const round = (number, digits = 2) => number.toFixed(digits);
const thousands = (number) => `${round(number / 1000, number < 100_000 ? 1 : 0)} k`;

function appends() {
  const scenarios = [
    ["1 caller, 100 B", { callers: 1, batch: 1, bytes: 100 }, 0.95, 0.7],
    ["64 callers, 100 B", { callers: 64, batch: 1, bytes: 100 }, 0.85, undefined],
    ["1,024 callers, 100 B", { callers: 1024, batch: 1, bytes: 100 }, 0.85, undefined],
    ["1,024 callers, 1 KiB", { callers: 1024, batch: 1, bytes: 1024 }, 0.7, undefined],
    ["batches of 1,024, 100 B", { callers: 1, batch: 1024, bytes: 100 }, 0.8, undefined],
    [
      "1,024 callers, 100 B, growing",
      { callers: 1024, batch: 1, bytes: 100, growing: true },
      0.95,
      undefined,
    ],
  ];
  say("## Durable appends, as a fraction of the raw loop");
  say();
  say(
    "Records a second of the raw loop, and of the log as a fraction of it (median, lowest and highest round); p50 and",
  );
  say(
    "p99 of one acknowledgement in ms, the raw loop's behind the stroke. *Goal* is what this project wants to reach.",
  );
  say();
  say("| | goal | raw/s | blocking calls | p50 | p99 | waiting calls | p50 | p99 |");
  say("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const [name, scenario, goal, waitingGoal] of scenarios) {
    const timing = quick ? { ms: 200, rounds: 3 } : { ms: 600, rounds: 9 };
    const cells = [true, false].flatMap((blocking) => {
      const r = run("append.mjs", JSON.stringify({ ...scenario, ...timing, blocking }));
      if (blocking) rawRate = r.raw;
      const ratio = `**${round(r.ratio)}** (${round(r.low)}–${round(r.high)})`;
      return [ratio, `${round(r.p50)}/${round(r.rawP50)}`, `${round(r.p99)}/${round(r.rawP99)}`];
    });
    const goals = waitingGoal === undefined ? round(goal) : `${round(goal)} / ${round(waitingGoal)}`;
    say(`| ${name} | ${goals} | ${thousands(rawRate)} | ${cells.join(" | ")} |`);
  }
  say();
}
let rawRate = 0;

function replay(folder) {
  const log = join(folder, "replay");
  const { result: records } = run("replay.mjs", "make", log, "1000000");
  const times = { raw: [], values: [], records: [] };
  for (let index = 0; index < (quick ? 3 : 9); index++) {
    for (const what of Object.keys(times)) times[what].push(run("replay.mjs", what, log).ms);
  }
  const raw = median(times.raw);
  say(`## Replay of ${records.toLocaleString("en")} records of 100 B, first pass in a fresh process`);
  say();
  say("Raw reads the bytes into a fresh buffer a chunk, and does nothing with them. Opening is included.");
  say();
  say("| | ms | fraction of raw | million records/s |");
  say("| --- | --- | --- | --- |");
  for (const [what, each] of Object.entries(times)) {
    const ms = median(each);
    say(`| ${what} | ${round(ms, 0)} | ${round(raw / ms)} | ${round(records / ms / 1000, 1)} |`);
  }
  say();
}

function opening(folder) {
  say("## Opening in a fresh process");
  say();
  say("| log | segments | ended by | found | ms |");
  say("| --- | --- | --- | --- | --- |");
  const gibibyte = quick ? 2 ** 28 : 2 ** 30;
  const logs = [
    ["10 MB", 10e6, 2 ** 26],
    [quick ? "256 MiB" : "1 GiB", gibibyte, 2 ** 26],
    ["10,000 segments", 10_000 * 2040, 2176],
  ];
  for (const [name, bytes, segmentBytes] of logs) {
    for (const ending of ["closed", "killed"]) {
      const times = [];
      let found;
      for (let index = 0; index < (quick ? 1 : 3); index++) {
        const log = join(folder, `open-${name}-${ending}-${index}`);
        run("open.mjs", "make", log, String(bytes), String(segmentBytes), ending);
        found = run("open.mjs", "open", log);
        times.push(found.ms);
        rmSync(log, { recursive: true });
      }
      say(`| ${name} | ${found.segments} | ${ending} | ${found.verdict} | ${round(median(times), 1)} |`);
    }
  }
  say();
}

function staging() {
  const { ns, overhead } = run("stage.mjs");
  say("## Cost of one record of 100 B");
  say();
  say(
    `\`stage\`: ${round(ns, 0)} ns of CPU, encoding, checksums and batch headers included. In batches of 1,024 a record`,
  );
  say(`takes ${round(overhead)} bytes beyond its value, its share of the batch header included.`);
}

const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), "walkabout-bench-"));
try {
  say("# Figures");
  say();
  const machine = `${cpus().length} × ${cpus()[0].model}, ${platform()} ${release()} ${arch()}`;
  say(
    `Made by \`npm run bench${quick ? " -- --quick" : ""}\` on ${new Date().toISOString().slice(0, 10)}: ${machine}, Node ${process.version}.`,
  );
  say("Only ratios carry over to another disk.");
  say();
  appends();
  replay(folder);
  opening(folder);
  staging();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (options.includes("--save")) writeFileSync(here("RESULTS.md"), `${lines.join("\n")}\n`);
