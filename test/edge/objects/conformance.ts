/** Runs the published conformance suites on the storage of the object that this runs in. */
import { durableObjectStorage, type ObjectStorage } from "../../../adapters/durable-object/storage.ts";
import { type ConformanceOptions, testLog, testStorage } from "../../../src/conformance/index.ts";
import type { Storage } from "../../../src/index.ts";

/** Runs every check, and streams a line of JSON for each. */
export function conformance(objectStorage: ObjectStorage): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const report = (line: object): Promise<void> => {
    return writer.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  };
  void (async () => {
    for (const { name, run, skipped } of checksOf(objectStorage)) {
      if (skipped) {
        await report({ name, state: "skipped" });
        continue;
      }
      const failure = await run().then(
        () => undefined,
        (error: unknown) => String((error as Error).stack ?? error),
      );
      await report({ name, state: failure === undefined ? "passed" : "failed", failure });
    }
    await writer.close();
  })();
  return readable;
}

interface Check {
  readonly name: string;
  readonly run: () => Promise<void>;
  readonly skipped: boolean;
}

function checksOf(objectStorage: ObjectStorage): Check[] {
  const checks: Check[] = [];
  const folders = new WeakMap<Storage, string>();
  let opened = 0;
  const on = (folder: string): Storage => {
    const storage = inFolder(durableObjectStorage(objectStorage), folder);
    folders.set(storage, folder);
    return storage;
  };
  const backend: ConformanceOptions = {
    test: (name, run) => checks.push({ name, run, skipped: false }),
    skip: (name, run) => checks.push({ name, run, skipped: true }),
    open: () => on(`check-${opened++}`),
    again: (storage) => on(folders.get(storage)!),
    readBeside: true,
    holdElsewhere: "an object runs once at a time, so that nobody else can hold its places",
    losePower: "nothing inside of an object can take its power; see test/edge/accidents.mjs",
  };
  testStorage(backend);
  testLog(backend);
  return checks;
}

/** A storage that keeps to a part of another one. */
function inFolder(storage: Storage, folder: string): Storage {
  return {
    ...storage,
    open: (path, options) => storage.open([folder, ...path], options),
    list: (path) => storage.list([folder, ...path]),
  };
}
