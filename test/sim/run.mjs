/**
 * `npm run sim -- --seed N --minutes M`: random runs of many logs on a simulated disk. Without a seed it
 * takes a fresh one and prints it.
 */
import { bundle } from "./bundle.mjs";

const usage = "npm run sim -- [--seed N] [--minutes M]";

/** The settings that the flags name, or a sentence about what is wrong with them. */
function settingsOf(flags) {
  const settings = { seed: Math.floor(Math.random() * 2 ** 31), minutes: 2 };
  for (let index = 0; index < flags.length; index += 2) {
    const name = flags[index].replace(/^--/, "");
    const value = Number(flags[index + 1]);
    if (!flags[index].startsWith("--") || !(name in settings))
      return `there is no ${flags[index]}; use ${usage}`;
    if (flags[index + 1] === undefined || flags[index + 1].trim() === "" || !(value >= 0)) {
      return `--${name} needs a number that is not negative; use ${usage}`;
    }
    if (name === "seed" && !Number.isSafeInteger(value)) return `--seed needs a whole number; use ${usage}`;
    settings[name] = value;
  }
  return settings;
}

const settings = settingsOf(process.argv.slice(2));
if (typeof settings === "string") {
  console.log(settings);
  process.exitCode = 2;
} else {
  const { simulate } = await import(await bundle("test/sim/main.ts", "main"));
  const failures = await simulate(settings, (line) => console.log(line));
  process.exitCode = failures === 0 ? 0 : 1;
}
