/**
 * How many times the kernel is asked to flush for an acknowledgement, counted by strace: of a shorter run and of a longer one,
 * so that what opening costs falls out.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withContestant } from "../contestant.mjs";
import { peers } from "../peers.mjs";

const calls = ["fsync", "fdatasync", "msync", "sync_file_range", "syncfs"];
const isFlush = new RegExp(`\\b(${calls.join("|")})\\(`);

const shapes = {
  serial: { callers: 1, batch: 1, bytes: 100 },
  batches: { callers: 1, batch: 64, bytes: 100 },
  callers: { callers: 64, batch: 1, bytes: 100 },
};

export async function countFlushes({ budget: { rounds }, scratch, progress }) {
  const rows = [];
  for (const { name } of peers) {
    progress(name);
    const row = { peer: name };
    try {
      for (const [shape, workload] of Object.entries(shapes)) {
        const few = await countOnce(name, { ...workload, calls: rounds }, scratch);
        const many = await countOnce(name, { ...workload, calls: rounds * 4 }, scratch);
        row[shape] = (many - few) / (rounds * 3);
      }
    } catch (error) {
      row.failed = error.message;
    }
    rows.push(row);
  }
  return rows;
}

async function countOnce(name, workload, scratch) {
  const folder = join(scratch, "flushes");
  mkdirSync(folder, { recursive: true });
  const trace = join(folder, "trace");
  const program = ["strace", "-f", "-qq", "-e", `trace=${calls.join(",")}`, "-e", "signal=none", "-o", trace];
  const work = async (contestant) => {
    await contestant.open(name, folder, { callers: workload.callers });
    await contestant.ask("append", workload);
    await contestant.kill();
    const lines = readFileSync(trace, "utf8").split("\n");
    return lines.filter((line) => isFlush.test(line)).length;
  };
  return withContestant(work, { folder, program });
}
