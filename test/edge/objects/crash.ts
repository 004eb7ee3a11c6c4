/**
 * Lives of a log that end at a chosen operation of the database, and what is found by the lives after them.
 *
 * What a life was asked to do is kept outside of its object, in the isolate, which outlives an object that is aborted.
 * Nothing here is told by the answer to a request: an aborted object gives none.
 */
import { durableObjectStorage, type ObjectStorage } from "../../../adapters/durable-object/storage.ts";
import { type Log, openLog } from "../../../src/index.ts";
import type { ObjectContext } from "./context.ts";

const topic = "crash";

interface State {
  readonly first: number;
  readonly values: readonly string[];
}

/** What may be found: whatever the log was asked for is done, or not, and what it has acknowledged is done. */
interface Life {
  allowed: State[];
  operations: number;
}

const lives = new Map<string, Life>();

type Step = (log: Log, life: Life, number: number) => Promise<void>;

/** The verbs, one after the other, in segments of a few records each. */
const steps: readonly Step[] = [
  append(1),
  append(3),
  append(1),
  batch(3),
  rotate,
  append(1),
  batch(2),
  rotate,
  append(4),
  forgetBefore(5),
  append(1),
  forgetAfter(2),
  append(2),
  rotate,
  batch(3),
  forgetAfter(6),
  append(1),
  forgetBefore(3),
  append(2),
  forgetBefore(0),
  append(1),
];

/** Answers when the whole workload is done. `at` is the operation that it ends before, `how` the way it ends. */
export async function live(context: ObjectContext, request: Request, name: string): Promise<Response> {
  const life: Life = { allowed: [{ first: 0, values: [] }], operations: 0 };
  lives.set(name, life);
  const storage = ending(context, request, life);
  let log = await openLog({ storage, topic, segment: { maxBytes: 2000 } });
  for (const [number, step] of steps.entries()) {
    await step(log, life, number);
    if (number % 7 !== 6) continue;
    await log.close();
    log = await openLog({ storage, topic, segment: { maxBytes: 2000 } });
  }
  await log.close();
  return Response.json({ operations: life.operations });
}

/** Opens the log, holds it against what may be there, and appends one more record, in a life that may end as well. */
export async function recover(context: ObjectContext, request: Request, name: string): Promise<Response> {
  const life = lives.get(name)!;
  life.operations = 0;
  const log = await openLog({ storage: ending(context, request, life), topic });
  const found = await stateOf(log);
  const isAllowed = life.allowed.some((each) => JSON.stringify(each) === JSON.stringify(found));
  if (!isAllowed) return Response.json({ found, allowed: life.allowed }, { status: 500 });
  // What was found once is found ever after.
  life.allowed = [found];
  await append(1)(log, life, 1000 + found.values.length);
  await log.close();
  return Response.json({ operations: life.operations });
}

function append(count: number): Step {
  return async (log, life, number) => {
    const before = await stateOf(log);
    const values = Array.from({ length: count }, (_, index) => valueOf(number, index));
    life.allowed = Array.from({ length: count + 1 }, (_, length) =>
      withMore(before, values.slice(0, length)),
    );
    const appended = values.map(async (value, index) => {
      await log.append({ value });
      life.allowed = life.allowed.filter((each) => each.values.length > before.values.length + index);
    });
    await Promise.all(appended);
  };
}

function batch(count: number): Step {
  return async (log, life, number) => {
    const before = await stateOf(log);
    const values = Array.from({ length: count }, (_, index) => valueOf(number, index));
    const after = withMore(before, values);
    life.allowed = [before, after];
    await log.appendBatch(values.map((value) => ({ value })));
    life.allowed = [after];
  };
}

async function rotate(log: Log): Promise<void> {
  await log.rotate();
}

/** Keeps the last `count` records. */
function forgetBefore(count: number): Step {
  return async (log, life) => {
    const before = await stateOf(log);
    const first = log.next - count;
    const after = { first, values: before.values.slice(before.values.length - count) };
    life.allowed = [before, after];
    await log.truncateBefore(first);
    life.allowed = [after];
  };
}

/** Forgets the last `count` records. */
function forgetAfter(count: number): Step {
  return async (log, life) => {
    const before = await stateOf(log);
    const after = { first: before.first, values: before.values.slice(0, before.values.length - count) };
    life.allowed = [before, after];
    await log.truncateAfter(log.next - count - 1);
    life.allowed = [after];
  };
}

const valueOf = (step: number, index: number): string => `${step} ${index} `.padEnd(300, "value ");

function withMore({ first, values }: State, more: readonly string[]): State {
  return { first, values: [...values, ...more] };
}

async function stateOf(log: Log): Promise<State> {
  const values: string[] = [];
  for await (const { offset, value } of log.read()) {
    if (offset !== log.first + values.length)
      throw new Error(`offset ${offset} follows ${values.length} records`);
    values.push(new TextDecoder().decode(value));
  }
  return { first: log.first, values };
}

/**
 * The storage of the object, which ends before the operation that the request asks for. `lost` aborts the object at
 * once; `kept` lets everything before that operation become durable, statement by statement, which the platform
 * itself would not: it makes durable as one what is written with no `await` in between.
 */
function ending(
  context: ObjectContext,
  request: Request,
  life: Life,
): ReturnType<typeof durableObjectStorage> {
  const { searchParams } = new URL(request.url);
  const at = Number(searchParams.get("at") ?? Infinity);
  const isKept = searchParams.get("how") === "kept";
  let hasEnded = false;
  const count = (): void => {
    if (!hasEnded && ++life.operations < at) return;
    if (!hasEnded) {
      hasEnded = true;
      const abort = (): void => context.abort("this life ends here");
      if (isKept) void context.storage.sync().then(abort);
      else abort();
    }
    throw new Error("this life has ended");
  };
  const storage: ObjectStorage = {
    sql: {
      exec(query, ...bindings) {
        if (!query.startsWith("SELECT")) count();
        return context.storage.sql.exec(query, ...bindings);
      },
    },
    async sync() {
      count();
      await context.storage.sync();
      count();
    },
  };
  return durableObjectStorage(storage);
}
