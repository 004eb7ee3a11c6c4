/** Opens an outbox, or what others left of it, or forgets one. */
import { listLogs, type LogName, openLog } from "../index.ts";
import { Adopter } from "./adopter.ts";
import { Courier } from "./courier.ts";
import { DeadLetters } from "./dead-letters.ts";
import { type Emit, newEvents } from "./events.ts";
import { Graves } from "./graves.ts";
import { Journal } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import { topicOf } from "./names.ts";
import {
  checkAddress,
  checkOptions,
  type OutboxAddress,
  type OutboxOptions,
  type OutboxSettings,
} from "./options.ts";
import { drainNow, orphansOf, type Search } from "./orphans.ts";
import { Outbox } from "./outbox.ts";
import { Room } from "./room.ts";

/**
 * Whoever had a queue's log open had that of its dead letters as well, and gives that free a moment later when
 * it dies, in ms.
 */
const deadLockWaitMs = 5000;

/**
 * Opens an outbox, which is created when it is missing, and begins to deliver what is pending.
 *
 *     const outbox = await openOutbox({ storage, name: "orders", deliver: fetchDelivery({ url: "/ingest" }) });
 *     await outbox.push({ key: "order-17", value: JSON.stringify(order) });
 *
 * Rejects with `LOCKED` while somebody else has it open, and otherwise as `openLog` does.
 */
export function openOutbox(options: OutboxOptions): Promise<Outbox> {
  return open(checkOptions(options));
}

async function open(settings: OutboxSettings): Promise<Outbox> {
  const { clockwork, deliver, order, segmentBytes, lockWaitMs = 0, signal } = settings;
  const { storage, name, principal } = settings.address;
  const { target, emit } = newEvents();
  const log = (kind: "queue" | "dead", partition: number | "free" | undefined) => {
    const waitMs = kind === "dead" ? Math.max(lockWaitMs, deadLockWaitMs) : lockWaitMs;
    return { storage, topic: topicOf(name, principal, kind), partition, lockWaitMs: waitMs, signal };
  };
  const changed = (): void => emit("change", undefined);
  const onError = (error: unknown): void => emit("error", { error });
  const common = { segmentBytes, clockwork, onError };
  const { journal, entries, letters } = await Journal.open({
    ...common,
    log: log("queue", settings.partition),
    onRecovered: () => courier.kick(),
    order,
  });
  let dead: DeadLetters;
  try {
    dead = await DeadLetters.open(
      { ...common, log: log("dead", journal.partition), onRecovered: () => undefined },
      (record, letter) => outbox.pushLetter(record, letter),
      changed,
    );
  } catch (error) {
    await journal.close().catch(() => undefined);
    throw error;
  }
  const { batchRecordsMax, batchBytesMax } = settings;
  const inSequence = deliver.inSequence === true;
  const lanes = new Lanes({ order, inSequence, batchRecordsMax, batchBytesMax });
  const now = (): number => storage.now();
  const graves = new Graves(journal, dead, emit, now);
  const courier: Courier = new Courier(
    { ...settings, now, elapsed: () => storage.elapsed() },
    {
      journal,
      lanes,
      graves,
      emit,
      changed: () => {
        room.admit();
        changed();
      },
    },
  );
  const room = new Room(name, settings.bytesMax, settings.whenFull, lanes, courier);
  // What a crash left in both places: the later of the two is right.
  const { ids } = dead;
  journal.settle(entries.filter((entry) => ids.has(journal.idOf(entry))));
  for (const entry of entries) if (!ids.has(journal.idOf(entry))) lanes.add(entry);
  void dead.settle(letters);
  const adopter = settings.adopt ? adopterOf(settings, journal.partition, emit) : undefined;
  const stopHints = settings.hints(() => outbox.wake());
  const outbox: Outbox = new Outbox({
    label: name,
    journal,
    lanes,
    courier,
    room,
    dead,
    events: target,
    emit,
    stopHints,
    adopter,
  });
  void adopter?.look();
  // Whoever opened it can listen before anything happens.
  clockwork.after(0, () => courier.kick());
  return outbox;
}

function adopterOf(settings: OutboxSettings, own: number, emit: Emit): Adopter {
  const { clockwork, adoptEveryMs: everyMs } = settings;
  const { name, principal } = settings.address;
  return new Adopter({
    name: topicOf(name, principal, "queue"),
    orphans: (skipped) =>
      search(settings, {
        skipped: (partition) => partition === own || skipped(partition),
        onError: (error) => emit("error", { error }),
      }),
    everyMs,
    clockwork,
    emit,
  });
}

function search(settings: OutboxSettings, how: Omit<Search, "settings" | "open">): AsyncGenerator<Outbox> {
  const orphan = (partition: number) => open({ ...settings, partition, adopt: false, lockWaitMs: 0 });
  return orphansOf({ settings, open: orphan, ...how });
}

/**
 * Opens every log of this outbox that nobody has open and in which something is left: those of tabs that were
 * closed and of processes that died. What it answers delivers by itself; close each when it is drained. An outbox
 * with `partition: "free"` does this by itself.
 *
 *     for (const orphan of await adoptOrphans(options)) void orphan.drained().then(() => orphan.close());
 *
 * `onError` hears of logs that cannot be opened. Without it, the first such error is thrown, and nothing adopted.
 */
export async function adoptOrphans(
  options: OutboxOptions,
  onError?: (error: unknown) => void,
): Promise<Outbox[]> {
  const { orphans, errors } = await allOrphans(options);
  if (onError === undefined && errors.length > 0) {
    await Promise.all(orphans.map((orphan) => orphan.close()));
    throw errors[0];
  }
  for (const error of errors) onError!(error);
  return orphans;
}

/**
 * Delivers what lies in logs of this outbox that nobody has open, and resolves when all of it was taken. It
 * pushes nothing and leaves nothing open. At the first failure of a log it gives that one up, and rejects when it
 * has done the rest: for a service worker, whose browser then tries again.
 *
 *     addEventListener("sync", (event) => event.waitUntil(drainOrphans(options)));
 *
 * Answers how many logs somebody else has open, who delivers what is in them.
 */
export async function drainOrphans(options: OutboxOptions): Promise<{ readonly openElsewhere: number }> {
  const { orphans, errors, openElsewhere } = await allOrphans(options);
  for (const outcome of await Promise.allSettled(orphans.map(drainNow))) {
    if (outcome.status === "rejected") errors.push(outcome.reason);
  }
  await Promise.all(orphans.map((orphan) => orphan.close()));
  if (errors.length > 0) throw errors[0];
  return { openElsewhere };
}

async function allOrphans(options: OutboxOptions) {
  const orphans: Outbox[] = [];
  const errors: unknown[] = [];
  let openElsewhere = 0;
  const found = search(checkOptions(options), {
    skipped: () => false,
    onError: (error) => errors.push(error),
    onLocked: () => openElsewhere++,
  });
  for await (const orphan of found) orphans.push(orphan);
  return { orphans, errors, openElsewhere };
}

/**
 * Removes everything that an outbox holds, dead letters included, also what was not delivered. It has to be
 * closed everywhere. Backends that recycle files may keep bytes in spare files.
 */
export async function forgetOutbox(address: OutboxAddress): Promise<void> {
  const { storage, name, principal } = checkAddress(address);
  for (const kind of ["queue", "dead"] as const) {
    for (const log of await listLogs({ storage, topic: topicOf(name, principal, kind) })) {
      await empty(storage, log);
    }
  }
}

async function empty(storage: OutboxAddress["storage"], name: LogName): Promise<void> {
  const log = await openLog({ storage, ...name });
  try {
    await log.truncateBefore(log.next);
  } finally {
    await log.close();
  }
}
