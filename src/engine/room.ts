/**
 * What a log does when its storage is full. It can give back segments that retention allows to drop by now, and files
 * of dropped segments whose removal has failed. It drops nothing else, however full the storage is.
 */
import { WalError } from "../errors.ts";
import type { Core } from "./core.ts";
import type { Files } from "./files.ts";
import { retainedFrom } from "./retention.ts";
import { rotate } from "./rotation.ts";

/** Whether an error says that there is no room, and that trying again behind {@link makeRoom} makes sense. */
export function isFull(cause: unknown): boolean {
  return cause instanceof WalError && cause.code === "FULL";
}

/**
 * Answers whether something was given back. Then the active segment is a new one, in which what did not fit may be
 * tried once more. Needs the pen alone.
 */
export async function makeRoom(core: Core): Promise<boolean> {
  try {
    const { size } = core.dead;
    await core.clean();
    const first = await retainedFrom(core);
    const isVain = first === core.first && core.dead.size === size && !core.leftovers.isHeldUp;
    if (isVain) return false;
    // Removals that a failed flush holds up go on behind it.
    await urgently(core.files, () => rotate(core, first));
    return true;
  } catch {
    return false;
  }
}

/** Work that makes room, or without which nobody can: it may use what the storage keeps for when it is full. */
export async function urgently(files: Files, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isFull(error) || !(await files.inReserve(work))) throw error;
  }
}
