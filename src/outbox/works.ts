/**
 * What of an outbox lives on its two logs, the queue and the dead letters: opened together, closed together, and
 * replaced together when their storage is gone. It knows nothing of other tabs, and of those who push.
 */
import type { RecordInput } from "../index.ts";
import { Courier } from "./courier.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { Emit } from "./events.ts";
import { Graves } from "./graves.ts";
import { Journal } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import { topicOf } from "./names.ts";
import type { OutboxSettings } from "./options.ts";
import { Room } from "./room.ts";

/**
 * Whoever had a queue's log open had that of its dead letters as well, and gives that free a moment later when
 * it dies, in ms.
 */
const deadLockWaitMs = 5000;

export interface WorksOptions {
  readonly settings: OutboxSettings;
  readonly emit: Emit;
  /** Puts a dead letter back into the queue. */
  readonly pushLetter: (record: RecordInput, letter: number) => Promise<unknown>;
  /** The storage is gone: nothing can be read or written any more. It may be told more than once. */
  readonly onGone: (error: unknown) => void;
}

/** What was known and had not reached the disk when the storage was gone. */
export interface Remains {
  /** Of the outbox to the other side: what follows is about no other one. */
  readonly id: string;
  /** Offsets of records that were settled. */
  readonly settled: ReadonlySet<number>;
  /** Ids of records whose push was rejected. They may be in the log all the same. */
  readonly rejected: ReadonlySet<string>;
  /** Offsets of dead letters that were dropped or retried. */
  readonly letters: ReadonlySet<number>;
  /** Why nothing was delivered, while that was so. */
  held(): string | undefined;
}

export interface Works {
  readonly journal: Journal;
  readonly lanes: Lanes;
  readonly courier: Courier;
  readonly room: Room;
  readonly dead: DeadLetters;
}

/** Opens both logs. With `remains`, what they know is done first. Nothing is delivered before the first `kick`. */
export async function openWorks(options: WorksOptions, remains?: Remains): Promise<Works> {
  const { settings, emit, pushLetter, onGone } = options;
  const { clockwork, order, segmentBytes, lockWaitMs = 0, signal } = settings;
  const { storage, name, principal } = settings.address;
  const log = (kind: "queue" | "dead", partition: number | "free" | undefined) => {
    const waitMs = kind === "dead" ? Math.max(lockWaitMs, deadLockWaitMs) : lockWaitMs;
    return { storage, topic: topicOf(name, principal, kind), partition, lockWaitMs: waitMs, signal };
  };
  const changed = (): void => emit("change", undefined);
  const onError = (error: unknown): void => emit("error", { error });
  const common = { segmentBytes, clockwork, onError, onGone };
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
      pushLetter,
      changed,
    );
  } catch (error) {
    await journal.close().catch(() => undefined);
    throw error;
  }
  const { batchRecordsMax, batchBytesMax } = settings;
  const inSequence = settings.deliver.inSequence === true;
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
  courier.held = remains?.held();
  const room = new Room(name, settings.bytesMax, settings.whenFull, lanes, courier);
  const known = remains?.id === journal.identity.id ? remains : undefined;
  // What a crash left in both places: the later of the two is right.
  const { ids } = dead;
  const isOver = (id: string, offset: number): boolean =>
    ids.has(id) || known?.settled.has(offset) === true || known?.rejected.has(id) === true;
  const over = new Set(entries.filter((entry) => isOver(journal.idOf(entry), entry.offset)));
  journal.settle([...over]);
  for (const entry of entries) if (!over.has(entry)) lanes.add(entry);
  void dead.settle([...letters, ...(known?.letters ?? [])]);
  return { journal, lanes, courier, room, dead };
}

/** Delivers nothing more. `reason` is what those hear who wait for room. */
export function stopWorks({ courier, room }: Works, reason: unknown): void {
  courier.close();
  room.close(reason);
}

/** Closes both logs of works that were stopped. */
export async function closeWorks({ journal, dead }: Works): Promise<void> {
  try {
    await dead.close();
  } finally {
    // Last, because whoever waits for the outbox waits for this lock.
    await journal.close();
  }
}

/** Closes what has no storage any more, as well as that goes. */
export async function abandonWorks(works: Works, reason: unknown): Promise<Remains> {
  stopWorks(works, reason);
  await closeWorks(works).catch(() => undefined);
  const { journal, dead, courier } = works;
  const { rejected, unwritten: settled } = journal;
  return { id: journal.identity.id, settled, rejected, letters: dead.unwritten, held: () => courier.held };
}
