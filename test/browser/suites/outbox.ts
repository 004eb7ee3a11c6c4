/**
 * An outbox in a page: it takes hints from the browser, and when the worker that has its files dies under it, it opens
 * its logs anew by itself.
 */
import { browserStorage } from "../../../adapters/browser/storage.ts";
import workerUrl from "../../../adapters/browser/worker.ts?worker&url";
import { type Answer, type Deliver, openOutbox, type Outbox } from "../../../src/outbox/index.ts";
import type { Runner } from "./runner.ts";

const rounds = 5;
const pushesInRound = 100;

export function outboxSuite({ test }: Runner): void {
  for (const [type, target] of [
    ["online", globalThis],
    ["pageshow", globalThis],
    ["visibilitychange", document],
    ["resume", document],
  ] as const) {
    test(`${type} is a hint that makes the next attempt at once, until the outbox is closed`, async () => {
      let attempts = 0;
      const deliver = (): Answer => {
        attempts++;
        return { verdict: "retry", afterMs: 3_600_000 };
      };
      const outbox = await openOutbox({ storage: mortalStorage().storage, name: "orders", deliver });
      await outbox.push({ value: "waits" });
      await until(() => outbox.status.state === "waiting" && attempts === 1);
      target.dispatchEvent(new Event(type));
      await until(() => outbox.status.state === "waiting" && attempts === 2);
      await outbox.close();
      target.dispatchEvent(new Event(type));
      await new Promise((wake) => setTimeout(wake, 50));
      expect(attempts === 2, `${attempts} attempts`);
    });
  }

  test("a worker that dies under an outbox is replaced: nothing acknowledged is lost, nothing repeated", async () => {
    const { workers, storage } = mortalStorage();
    const { deliver, values } = receiving();
    const states = new Set<string>();
    const outbox = await openOutbox({ storage, name: "orders", deliver, backoff: { baseMs: 10, maxMs: 50 } });
    outbox.events.addEventListener("change", () => states.add(outbox.status.state));
    const acknowledged: string[] = [];
    let rejected = 0;
    for (let round = 0; round < rounds; round++) {
      await until(() => outbox.status.state !== "reopening");
      const pushes: Promise<unknown>[] = [];
      for (let count = 0; count < pushesInRound; count++) {
        const value = `k${count % 3} ${round * pushesInRound + count}`;
        const noted = () => acknowledged.push(value);
        pushes.push(outbox.push({ key: value.split(" ")[0]!, value }).then(noted, () => rejected++));
        if (count % 10 === 0) await new Promise((wake) => setTimeout(wake));
        if (count === 30 + round * 10) workers.at(-1)!.terminate();
      }
      await Promise.all(pushes);
    }
    await outbox.drained();
    expect(workers.length === rounds + 1, `${workers.length} workers were started`);
    expect(
      rejected > 0 && acknowledged.length > rounds * 30,
      `${acknowledged.length} acks, ${rejected} rejected`,
    );
    const [found, wanted] = [values.toSorted().join(), acknowledged.toSorted().join()];
    expect(found === wanted, `delivered were ${found}, and acknowledged ${wanted}`);
    for (const key of ["k0", "k1", "k2"]) expect(grows(values, key), `the order of ${key}: ${values.join()}`);
    expect(states.has("reopening"), [...states].join());
    expect(outbox.status.state === "idle" && outbox.partition === 0, JSON.stringify(outbox.status));
    await outbox.close();
  });

  test("one that cannot be started anew is tried again, and says so meanwhile", async () => {
    const { workers, storage, source } = mortalStorage();
    const { deliver, values } = receiving();
    const outbox = await openOutbox({ storage, name: "orders", deliver });
    source.refusals = 2;
    workers.at(-1)!.terminate();
    const refusal = await outbox.push({ value: "refused" }).then(
      () => "taken",
      (error: { code: string }) => error.code,
    );
    expect(refusal === "FLUSH_FAILED", `the push was ${refusal}`);
    await until(() => source.refusals < 2);
    expect(outbox.status.state === "reopening", JSON.stringify(outbox.status));
    await until(() => outbox.status.state === "idle");
    await outbox.push({ value: "taken" });
    await outbox.drained();
    expect(values.join() === "taken", values.join());
    await outbox.close();
  });

  test("a worker that took the place of another one ends with the last log that is open in it", async () => {
    const { workers, storage, ended } = mortalStorage();
    const options = { storage, deliver: (): Answer => "retry" };
    const outboxes: Outbox[] = [];
    for (const name of ["a", "b"]) outboxes.push(await openOutbox({ ...options, name }));
    workers[0]!.terminate();
    // Each notices when it is used, the second when the first has a new worker by then.
    for (const outbox of outboxes) {
      await outbox.push({ value: "rejected" }).catch(() => undefined);
      await until(() => outbox.status.state === "idle");
    }
    expect(workers.length === 2, `${workers.length} workers were started`);
    await outboxes[1]!.close();
    expect(!ended.has(workers[1]!), "the second worker has ended before its time");
    await outboxes[0]!.push({ value: "one" });
    await outboxes[0]!.close();
    expect(ended.has(workers[1]!), "the second worker is still there");
  });
}

function mortalStorage() {
  const workers: Worker[] = [];
  const ended = new Set<Worker>();
  const source = { refusals: 0 };
  const start = (): Worker => {
    if (source.refusals-- > 0) throw new Error("no worker now");
    const worker = new Worker(workerUrl, { type: "module" });
    const terminate = worker.terminate.bind(worker);
    worker.terminate = () => {
      ended.add(worker);
      terminate();
    };
    workers.push(worker);
    return worker;
  };
  return { workers, ended, source, storage: browserStorage({ name: crypto.randomUUID(), worker: start }) };
}

/** Takes everything, once under each id, as a server does that knows idempotency keys. */
function receiving() {
  const values: string[] = [];
  const ids = new Set<string>();
  const decoder = new TextDecoder();
  const deliver: Deliver = async ({ records }): Promise<Answer> => {
    for (const { id, value } of records) {
      if (ids.has(id)) continue;
      ids.add(id);
      values.push(decoder.decode(value));
    }
    await new Promise((wake) => setTimeout(wake, 5));
    return "done";
  };
  return { values, deliver };
}

function grows(values: readonly string[], key: string): boolean {
  const numbers = values.filter((value) => value.startsWith(key)).map((value) => Number(value.split(" ")[1]));
  return numbers.every((number, index) => index === 0 || number > numbers[index - 1]!);
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    if (tries === 500) throw new Error("it never came to pass");
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not as expected: ${what}`);
}
