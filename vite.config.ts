import { defineConfig } from "vitest/config";

/** These have a step of their own in test/run.mjs. */
const elsewhere = ["test/package/**", "test/real/**", "test/sim/**", "test/cli/**"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: elsewhere,
          testTimeout: 30_000,
        },
      },
      {
        // What `npm run test:unit` and `npm run dev` run while one works: in memory, without random runs.
        test: {
          name: "quick",
          env: { QUICK: "1" },
          include: ["test/**/*.test.ts"],
          exclude: [...elsewhere, "test/model/**", "test/failure/{random,repeated}.test.ts", "test/node/**"],
        },
      },
      {
        // Runs the built program: `npm run build` comes before it.
        test: {
          name: "cli",
          include: ["test/cli/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "sim",
          include: ["test/sim/**/*.test.ts"],
          testTimeout: 300_000,
        },
      },
      {
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
