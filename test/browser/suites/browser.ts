/** The conformance suites on the storage for web applications, and the tests of what it does besides. */
import { browserStorage } from "../../../adapters/browser/storage.ts";
import { type ConformanceOptions, testLog, testStorage } from "../../../src/conformance/index.ts";
import { openLog, type Storage } from "../../../src/index.ts";
import workerUrl from "../../../adapters/browser/worker.ts?worker&url";
import { hasParameter } from "./report.ts";
import type { Runner } from "./runner.ts";
import { valuesOf } from "./storages.ts";

const worker = (): Worker => new Worker(workerUrl, { type: "module" });

export function browserSuite(runner: Runner): void {
  const names = new WeakMap<Storage, string>();
  const on = (name: string): Storage => {
    const storage = browserStorage({ name, worker, settleMs: 0 });
    names.set(storage, name);
    return storage;
  };
  const backend: ConformanceOptions = {
    test: runner.test,
    skip: runner.skip,
    open: () => on(`conformance-${crypto.randomUUID()}`),
    again: (storage) => on(names.get(storage)!),
    readBeside: true,
    holdElsewhere: "the storages underneath are tried for it",
    losePower: "a page cannot cut the power; see test/browser/accidents.mjs",
  };
  testStorage(backend);
  testLog(backend);
}

/** What it does besides: choosing, telling, keeping to a budget, and outliving its worker. */
export function choiceSuite({ test }: Runner): void {
  test("says where the log lives, and why", async () => {
    const storage = browserStorage({ name: crypto.randomUUID(), worker });
    const log = await openLog({ storage, topic: "a" });
    const hasNoFiles = isWebKit() || (isFirefox() && hasParameter("isPrivate"));
    expect(
      log.stats().storage.includes(hasNoFiles ? "indexeddb: " : "opfs: handles work here"),
      log.stats().storage,
    );
    await log.close();
    return `notices: ${storage.notices.map(({ code }) => code).join(", ") || "none"}`;
  });

  test("a log that is in IndexedDB stays there when handles come to work", async () => {
    const name = crypto.randomUUID();
    const first = browserStorage({ name, worker: () => failing() });
    const log = await openLog({ storage: first, topic: "a" });
    expect(
      first.notices.some(({ code }) => code === "FALLBACK"),
      JSON.stringify(first.notices),
    );
    await log.append({ value: "one" });
    await log.close();
    const again = await openLog({ storage: browserStorage({ name, worker }), topic: "a" });
    expect((await valuesOf(again)).join() === "one", "the record");
    expect(again.stats().storage.includes("indexeddb: the log is there"), again.stats().storage);
    await again.close();
  });

  test("a log that is gone is told of", async () => {
    const name = crypto.randomUUID();
    const make = () => browserStorage({ name, worker, prefer: "indexeddb" });
    const log = await openLog({ storage: make(), topic: "a" });
    await log.append({ value: "one" });
    await log.close();
    await new Promise((resolve) => {
      const request = indexedDB.deleteDatabase(`${name}/a/0`);
      request.addEventListener("success", resolve);
    });
    const storage = make();
    await (await openLog({ storage, topic: "a" })).close();
    expect(
      storage.notices.some(({ code }) => code === "EVICTED"),
      JSON.stringify(storage.notices),
    );
  });

  test("a budget that is used up fails appends with FULL, and room lets them go on", async () => {
    const name = crypto.randomUUID();
    const { usage = 0 } = await navigator.storage.estimate();
    const storage = browserStorage({ name, worker, maxBytes: usage + 12_000_000, settleMs: 0 });
    const log = await openLog({ storage, topic: "a", segment: { maxBytes: 3_000_000 } });
    let code: string | undefined;
    // IndexedDB may compress what repeats itself.
    const value = new Uint8Array(1_000_000);
    for (let at = 0; at < value.length; at += 50_000) crypto.getRandomValues(value.subarray(at, at + 50_000));
    for (let count = 0; count < 40 && code === undefined; count++) {
      code = await log.append({ value }).then(
        () => undefined,
        (error: { code: string }) => error.code,
      );
    }
    expect(code === "FULL", `the code is ${code}`);
    await log.truncateBefore(log.next);
    await patiently(() => log.append({ value: "small" }));
    // WebKit and Firefox go on counting what a database has given back.
    if (log.stats().storage.includes("opfs: ")) await patiently(() => log.append({ value }));
    await log.close();
  });

  test("appends that come together travel in a few messages", async () => {
    if (!(await hasHandles())) return;
    let messages = 0;
    const counted = (): Worker => {
      const started = worker();
      const post = started.postMessage.bind(started) as (message: unknown, transfer: Transferable[]) => void;
      started.postMessage = (message: unknown, transfer: unknown) => {
        messages++;
        post(message, transfer as Transferable[]);
      };
      return started;
    };
    const log = await openLog({
      storage: browserStorage({ name: crypto.randomUUID(), worker: counted }),
      topic: "a",
    });
    const before = messages;
    await Promise.all(Array.from({ length: 1000 }, (_, index) => log.append({ value: String(index) })));
    expect(messages - before <= 4, `${messages - before} messages for 1,000 appends`);
    await log.append({ value: "one" });
    expect(messages - before <= 5, `${messages - before} messages for one append more`);
    await log.close();
  });

  test("a worker that dies rejects what was on its way, and the log can be opened again", async () => {
    if (!(await hasHandles())) return;
    const name = crypto.randomUUID();
    for (let round = 0; round < 3; round++) {
      let started: Worker | undefined;
      const storage = browserStorage({ name, worker: () => (started = worker()), settleMs: 0 });
      const log = await openLog({ storage, topic: "a", lockWaitMs: 5000 });
      const before = log.next;
      const acks: Promise<number>[] = [];
      const acked: number[] = [];
      for (let count = 0; count < 200; count++) {
        acks.push(log.append({ value: `${round} ${count}` }).then(({ offset }) => acked.push(offset)));
        if (count % 10 === 0) await new Promise((wake) => setTimeout(wake));
        if (count === 100 + round * 30) started!.terminate();
      }
      const results = await Promise.allSettled(acks);
      const refused = results.flatMap((result) =>
        result.status === "rejected" ? [result.reason as { code: string }] : [],
      );
      expect(
        refused.length > 0 && refused.every(({ code }) => code === "FLUSH_FAILED"),
        `${refused.length} refused`,
      );
      const again = await openLog({ storage, topic: "a", lockWaitMs: 5000 });
      expect(again.next >= before + acked.length, `${again.next} is below ${before} + ${acked.length}`);
      await again.close();
    }
  });
}

/** Browsers take their time to notice that something was given back. */
async function patiently(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await work();
      return;
    } catch (error) {
      if (tries === 100) throw error;
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

function isWebKit(): boolean {
  return /\bVersion\//.test(navigator.userAgent);
}

function isFirefox(): boolean {
  return navigator.userAgent.includes("Firefox/");
}

async function hasHandles(): Promise<boolean> {
  const storage = browserStorage({ name: crypto.randomUUID(), worker });
  const place = (await storage.open(["a"], { mode: "write" }))!;
  await place.close();
  return storage.name.includes("opfs:");
}

function failing(): Worker {
  throw new Error("no worker today");
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not as expected: ${what}`);
}
