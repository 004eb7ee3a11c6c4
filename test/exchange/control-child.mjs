/** Runs one file of tests on sources that a control has broken, and tells as JSON what turned red. */
import { startVitest } from "vitest/node";
import { breaking } from "../sim/controls.mjs";
import { controls } from "./controls.mjs";

const control = controls.find(({ name }) => name === process.argv[2]);
const vitest = await startVitest(
  "test",
  [control.test],
  {
    watch: false,
    config: false,
    reporters: [{}],
    bail: 1,
    testTimeout: 20_000,
    include: ["test/**/*.test.ts"],
  },
  { plugins: [breaking(control)] },
);
const tests = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
const red = tests.find((test) => test.result().state === "failed");
const errors = vitest.state.getUnhandledErrors();
const reason = red?.result().errors?.[0]?.message ?? errors[0]?.message;
await vitest.close();
console.log(JSON.stringify({ tests: tests.length, title: red?.fullName, reason }));
process.exit(0);
