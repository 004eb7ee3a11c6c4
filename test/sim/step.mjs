/** The part of the step `sim` that is no vitest project: random runs with a fresh seed, and the controls. */
import { root, runOrThrow } from "../tools/command.mjs";
import { controls as exchangeControls } from "../exchange/controls.mjs";
import { findsInExchange } from "../exchange/run-controls.mjs";
import { controls } from "./controls.mjs";
import { finds } from "./run-controls.mjs";

/** How long a search may take to find a control. It mostly takes a second or two, and a multiple on a busy machine. */
const seconds = 120;

export async function checkSimulator(tally) {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const checks = [
    ...controls.map((control) => () => findControl(tally, seed, control)),
    ...exchangeControls.map((control) => () => findExchangeControl(tally, control)),
  ];
  const checkNext = async () => {
    for (let check = checks.shift(); check !== undefined; check = checks.shift()) await check();
  };
  // Each of the two keeps one core busy.
  await Promise.all([runAtRandom(tally, seed).then(checkNext), checkNext()]);
}

async function runAtRandom(tally, seed) {
  await tally.check(`random runs for two minutes from seed ${seed}`, async () => {
    const args = [`${root}test/sim/run.mjs`, "--seed", String(seed), "--minutes", "2"];
    const output = await runOrThrow(process.execPath, args);
    return output.trim().split("\n").at(-1);
  });
}

async function findControl(tally, seed, control) {
  await tally.check(`the control "${control.name}" is found`, async () => {
    const { tries, reason } = await finds(control, control.search, { seed, seconds });
    if (reason === undefined)
      throw new Error(`${control.search} did not find it in ${tries} tries, seed ${seed}`);
    return `${control.search}, ${tries ?? "endless"} tries`;
  });
}

async function findExchangeControl(tally, control) {
  await tally.check(`the control "${control.name}" of the outbox is found`, async () => {
    const { title, reason } = await findsInExchange(control);
    if (reason === undefined) throw new Error(`${control.test} did not find it`);
    return title;
  });
}
