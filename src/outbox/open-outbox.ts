/** Opens an outbox, or forgets one. */
import { listLogs, type LogName, openLog, WalError } from "../index.ts";
import { Courier } from "./courier.ts";
import { DeadLetters } from "./dead-letters.ts";
import { newEvents } from "./events.ts";
import { Graves } from "./graves.ts";
import { Journal } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import { topicOf } from "./names.ts";
import { checkAddress, checkOptions, type OutboxAddress, type OutboxOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { Room } from "./room.ts";

/**
 * Opens an outbox, which is created when it is missing, and begins to deliver what is pending.
 *
 *     const outbox = await openOutbox({ storage, name: "orders", deliver: fetchDelivery({ url: "/ingest" }) });
 *     await outbox.push({ key: "order-17", value: JSON.stringify(order) });
 *
 * Rejects with `LOCKED` while somebody else has it open, and otherwise as `openLog` does.
 */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const settings = checkOptions(options);
  const { clockwork, deliver, order, segmentBytes, lockWaitMs, signal } = settings;
  const { storage, name, principal } = settings.address;
  const { target, emit } = newEvents();
  const log = (kind: "queue" | "dead", partition: number | "free" | undefined) => {
    return { storage, topic: topicOf(name, principal, kind), partition, lockWaitMs, signal };
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
  const stopHints = settings.hints(() => courier.wake());
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
  });
  // Whoever opened it can listen before anything happens.
  clockwork.after(0, () => courier.kick());
  return outbox;
}

/**
 * Opens every log of this outbox that nobody has open and in which something is pending: those of tabs that were
 * closed and of processes that died. What it answers delivers by itself; close each when it is drained.
 *
 *     for (const orphan of await adoptOrphans(options)) void orphan.drained().then(() => orphan.close());
 */
export async function adoptOrphans(options: OutboxOptions): Promise<Outbox[]> {
  const { storage, name, principal } = checkOptions(options).address;
  const adopted: Outbox[] = [];
  for (const { partition } of await listLogs({ storage, topic: topicOf(name, principal, "queue") })) {
    try {
      const orphan = await openOutbox({ ...options, partition, lockWaitMs: 0 });
      if (orphan.pending > 0) adopted.push(orphan);
      else await orphan.close();
    } catch (error) {
      if (!(error instanceof WalError && error.code === "LOCKED")) throw error;
    }
  }
  return adopted;
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
