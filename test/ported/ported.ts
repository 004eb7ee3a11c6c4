/**
 * Cases of other logs' recovery suites as rows: how a log comes about, what befalls its bytes, what that
 * log says then, and what this one has to say. Only the cases were taken over, and no line of their code.
 */
import { expect, test } from "vitest";
import type { Batch } from "../format/decoder-batch.ts";
import { decodeSegment } from "../format/decoder-segment.ts";
import { edit, fill, type Edit, segmentsOf } from "../recovery/damage.ts";
import { printed, valuesOf } from "../support/content.ts";
import { type LogSettings, type Machine, type Model, memorySync, nodeAsync } from "../support/machine.ts";
import { WalError } from "../../src/index.ts";

/** What this log says: how it opened and with how many records, or which error it met, and where. */
export type Said =
  | `${"new" | "clean" | "sound" | "torn"}, ${number} records`
  | `${string} when opened`
  | `${string} when read, behind ${number} records`;

export interface Row {
  /** As it is called there. */
  readonly name: string;
  readonly there: string;
  /** The lengths of the values, each appended and flushed alone. The default is ten short ones. */
  readonly values?: readonly number[];
  /** How else the log is filled. */
  readonly fill?: (machine: Machine) => Promise<unknown>;
  /** Whether the log is closed. Otherwise its process dies. */
  readonly closed?: boolean;
  readonly settings?: LogSettings;
  /** What befalls the last segment. `batches` are those with records. */
  readonly damage?: (batches: readonly Batch[], bytes: Uint8Array) => Edit;
  /** What befalls the machine otherwise, before the log is opened again. */
  readonly befalls?: (machine: Machine) => Promise<unknown>;
  readonly here: Said;
}

const models: readonly Model[] = [memorySync, nodeAsync];

/** Makes a test of each row on memory and on files. Answers how many rows there are. */
export function ported(suite: string, rows: readonly Row[]): void {
  test.each(models.flatMap((model) => rows.map((row) => ({ row, model, title: `${suite}: ${row.name}` }))))(
    "$title ($model.name)",
    async ({ row, model }) => {
      const machine = model.build();
      await prepared(machine, row);
      const before = printed(await machine.files());
      const said = await saidOf(machine, row.settings);
      expect(said).toBe(row.here);
      if (said.startsWith("CORRUPT when opened")) expect(printed(await machine.files())).toEqual(before);
      if (said.endsWith(" records") && !said.includes("behind")) await goesOn(machine, row);
    },
  );
}

export const short = (count: number): number[] => Array.from({ length: count }, () => 10);

async function prepared(machine: Machine, row: Row): Promise<void> {
  if (row.fill !== undefined) await row.fill(machine);
  else {
    const log = await machine.open(row.settings);
    for (const length of row.values ?? short(10)) await fill(log, 1, length);
  }
  const log = machine.latest();
  if (row.closed) await log?.close();
  else await machine.die();
  if (row.damage !== undefined) {
    const name = (await segmentsOf(machine)).at(-1)!;
    const { damage } = row;
    await edit(machine, name, (bytes) => {
      const { batches } = decodeSegment(name, bytes)!;
      return damage(
        batches.filter(({ control }) => control === undefined),
        bytes,
      )(bytes);
    });
  }
  await row.befalls?.(machine);
}

async function saidOf(machine: Machine, settings: LogSettings | undefined): Promise<Said> {
  try {
    const log = await machine.open(settings);
    const { verdict } = log.recovery;
    let count = 0;
    try {
      for await (const record of log.read()) {
        expect(record.offset).toBe(log.first + count);
        count++;
      }
    } catch (error) {
      return `${codeOf(error)} when read, behind ${count} records`;
    }
    expect(count).toBe(log.next - log.first);
    return `${verdict}, ${count} records`;
  } catch (error) {
    return `${codeOf(error)} when opened`;
  }
}

/** Whatever was cut off: what is appended then is there the next time, behind what was there. */
async function goesOn(machine: Machine, row: Row): Promise<void> {
  const log = machine.latest()!;
  const values = await valuesOf(log);
  const { next } = log;
  for (let index = 0; index < 10; index++) {
    expect(await log.append({ value: `appended ${index}` })).toMatchObject({ offset: next + index });
    values.push(`appended ${index}`);
  }
  await machine.die();
  expect(await valuesOf(await machine.open(row.settings))).toEqual(values);
}

function codeOf(error: unknown): string {
  if (!(error instanceof WalError)) throw error;
  return error.code;
}
