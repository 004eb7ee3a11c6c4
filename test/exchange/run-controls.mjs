/**
 * Breaks the outbox and the receiver in every way that controls.mjs knows, and lets the tests find it: `npm run
 * outbox:controls` writes docs/outbox-controls.md. With a part of a name it tries only those controls, and writes nothing.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { root, run } from "../tools/command.mjs";
import { controls } from "./controls.mjs";

const child = fileURLToPath(new URL("./control-child.mjs", import.meta.url));
const timeoutMs = 400_000;

/** What the tests make of a control: which one turned red, if any, and what it said. */
export async function findsInExchange({ name }) {
  const env = { EXCHANGE_RUNS: "2000" };
  const { code, output } = await run(process.execPath, [child, name], { env, timeoutMs });
  const found = code === 0 ? JSON.parse(output.trim().split("\n").at(-1)) : { tests: 0 };
  if (found.tests === 0) throw new Error(`control "${name}": no test ran: ${output.trim()}`);
  return found;
}

/** Without the seeds and names that are others each time. */
function symptom(reason) {
  const [first] = reason
    .replaceAll(/\s+/g, " ")
    .replace(/^seed \d+: /, "")
    .split(". To see it again");
  const plain = first.replaceAll(/x{3,}/g, "…").replaceAll("|", "/");
  return plain.length > 140 ? `${plain.slice(0, 137)}…` : plain;
}

function page(lines) {
  return `# Controls of the outbox and the receiver

As [controls.md](controls.md) shows for the engine: each line is a mistake that is put into the sources while a file of tests loads
them (\`test/exchange/controls.mjs\` says where), the test that turns red, and what it says. \`exchange.test.ts\` is the simulation of both
sides and the network between them; it had 2,000 random lives to find a mistake.

Made by \`npm run outbox:controls\`; \`npm test -- sim\` checks that each is still found.

| control | what is broken | found by | what it said |
| --- | --- | --- | --- |
${lines.join("\n")}
`;
}

if (process.argv[1]?.endsWith("run-controls.mjs")) {
  const [, , part = ""] = process.argv;
  const lines = [];
  const missed = [];
  for (const control of controls.filter(({ name }) => name.includes(part))) {
    const { title, reason } = await findsInExchange(control);
    const file = control.test.split("/").at(-1);
    if (reason === undefined) missed.push(control.name);
    else lines.push(`| ${control.name} | ${control.breaks} | \`${file}\`: ${title} | ${symptom(reason)} |`);
    console.log(reason === undefined ? `NOT FOUND: ${control.name}` : lines.at(-1));
  }
  console.log(`${lines.length} found, ${missed.length} not found`);
  if (missed.length > 0) process.exitCode = 1;
  else if (part === "") writeFileSync(`${root}docs/outbox-controls.md`, page(lines));
}
