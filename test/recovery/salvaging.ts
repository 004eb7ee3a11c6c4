/**
 * Salvages the log of one machine to another one, and opens the copy. What every salvage must hold is checked
 * here: the source is as it was, byte for byte, and the copy opens clean and says what the report says.
 */
import { expect } from "vitest";
import {
  type Log,
  openLog,
  type LogAddress,
  salvage,
  type SalvageReport,
  type Storage,
} from "../../src/index.ts";
import { linesOf, printed } from "../support/content.ts";
import { type LogSettings, type Machine, type Model, topic } from "../support/machine.ts";

export interface Salvaged {
  readonly log: Log;
  readonly report: SalvageReport;
  readonly target: Storage;
  readonly machine: Machine;
}

export async function salvaged(
  machine: Machine,
  model: Model,
  settings: LogSettings = {},
): Promise<Salvaged> {
  const copy = model.build();
  const before = printed(await machine.files());
  const to: LogAddress & Omit<LogSettings, "partition"> = {
    ...settings,
    storage: copy.storage,
    topic,
    partition: 0,
  };
  const report = await salvage({ storage: machine.storage, topic }, to);
  expect(printed(await machine.files())).toEqual(before);

  const log = await copy.open();
  expect(log.recovery).toMatchObject({ verdict: "clean", torn: undefined, rewritten: undefined, unborn: [] });
  const offsets = (await linesOf(log)).map((line) => Number(line.split(" ")[0]));
  const kept = report.kept.flatMap(({ first, next }) =>
    Array.from({ length: next - first }, (_, at) => first + at),
  );
  expect(offsets).toEqual(kept);
  return { log, report, target: copy.storage, machine: copy };
}

/** The same log, opened again without the things that are only in memory. */
export async function reopened({ log, target }: Salvaged): Promise<Log> {
  await log.close();
  return openLog({ storage: target, topic });
}
