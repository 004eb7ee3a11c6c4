import { defineConfig } from "vitest/config";

/** These have a step of their own in test/run.mjs. */
const elsewhere = ["test/package/**", "test/real/**", "test/sim/**", "test/cli/**"];

export default defineConfig({
  test: {
    // Without this, one of two cores stands idle.
    maxWorkers: "100%",
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
          env: { TEST_RUN: "quick" },
          include: ["test/**/*.test.ts"],
          exclude: [
            ...elsewhere,
            "test/model/**",
            "test/failure/{random,repeated}.test.ts",
            "test/indexeddb/search.test.ts",
            "test/node/**",
          ],
        },
      },
      {
        // These two run inside of other runtimes, see test/runtimes: the Node backend, and the engine on its files.
        test: {
          name: "node",
          include: ["test/node/**/*.test.ts", "test/conformance/node.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "files",
          env: { TEST_RUN: "files" },
          include: [
            "test/{append,archive,failure,format,outbox,reading,receiver,recovery,verify}/**/*.test.ts",
          ],
          exclude: ["test/failure/{random,repeated}.test.ts", "test/receiver/listener.test.ts"],
          testTimeout: 60_000,
          isolate: false,
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
