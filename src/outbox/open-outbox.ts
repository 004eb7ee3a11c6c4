/** Opens an outbox, or what others left of it, or forgets one. */
import { listLogs, type LogName, openLog, type RecordInput } from "../index.ts";
import { Adopter } from "./adopter.ts";
import { type Emit, newEvents } from "./events.ts";
import { Mender } from "./mender.ts";
import { topicOf } from "./names.ts";
import {
  checkAddress,
  checkOptions,
  type OutboxAddress,
  type OutboxOptions,
  type OutboxSettings,
} from "./options.ts";
import { drainNow, isLocked, orphansOf, type Search } from "./orphans.ts";
import { Outbox } from "./outbox.ts";
import { openWorks, type Remains, type Works, type WorksOptions } from "./works.ts";

/** A storage that is gone may take a moment to let go of its lock, in ms. */
const lostLockWaitMs = 5000;

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

/** Somebody else is told that the storage is gone, where `onOrphanGone` says so. */
async function open(settings: OutboxSettings, onOrphanGone?: (error: unknown) => void): Promise<Outbox> {
  const { clockwork } = settings;
  const { name } = settings.address;
  const { target, emit } = newEvents();
  let adopter: Adopter | undefined;
  const mender: Mender = new Mender({
    label: name,
    clockwork,
    emit,
    open: (onGone, remains) => {
      const options = {
        settings,
        emit,
        pushLetter: (record: RecordInput, letter: number) => outbox.pushLetter(record, letter),
        onGone: onOrphanGone ?? onGone,
      };
      return remains === undefined
        ? openWorks(options)
        : reopenWorks(options, mender.works.journal.partition, remains);
    },
    letGo: async () => adopter?.letGo(),
    onMended: () => {
      mender.works.courier.kick();
      void adopter?.look();
    },
  });
  await mender.begin();
  adopter = settings.adopt ? adopterOf(settings, mender, emit) : undefined;
  const stopHints = settings.hints(() => outbox.wake());
  const outbox: Outbox = new Outbox({ label: name, mender, events: target, emit, stopHints, adopter });
  void adopter?.look();
  // Whoever opened it can listen before anything happens.
  clockwork.after(0, () => mender.works.courier.kick());
  return outbox;
}

/**
 * What is pending lies in the log that was open, so that one is taken again. Its lock may be free a moment later; where
 * somebody has adopted it meanwhile, they deliver what is in it, and `"free"` is free to be another one.
 */
async function reopenWorks(options: WorksOptions, partition: number, remains: Remains): Promise<Works> {
  const { settings } = options;
  const lockWaitMs = Math.max(settings.lockWaitMs ?? 0, lostLockWaitMs);
  try {
    return await openWorks({ ...options, settings: { ...settings, partition, lockWaitMs } }, remains);
  } catch (error) {
    if (settings.partition !== "free" || !isLocked(error)) throw error;
    return openWorks(options, remains);
  }
}

function adopterOf(settings: OutboxSettings, mender: Mender, emit: Emit): Adopter {
  const { clockwork, adoptEveryMs: everyMs } = settings;
  const { name, principal } = settings.address;
  return new Adopter({
    name: topicOf(name, principal, "queue"),
    orphans: (skipped) =>
      search(
        settings,
        {
          skipped: (partition) => partition === mender.works.journal.partition || skipped(partition),
          onError: (error) => emit("error", { error }),
        },
        (error) => mender.mend(error),
      ),
    everyMs,
    clockwork,
    emit,
  });
}

/** Without `onGone`, each of them looks after itself when its storage is gone. */
function search(
  settings: OutboxSettings,
  how: Omit<Search, "settings" | "open">,
  onGone?: (error: unknown) => void,
): AsyncGenerator<Outbox> {
  const orphan = (partition: number) => open({ ...settings, partition, adopt: false, lockWaitMs: 0 }, onGone);
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
