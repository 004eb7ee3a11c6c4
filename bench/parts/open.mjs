/** Opening in a fresh process, after a clean close and after a kill, by the size of what was written and its segments. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { withContestant } from "../contestant.mjs";
import { spread } from "../numbers.mjs";

const valueBytes = 1000;

/** A segment takes 1 GiB at most, so the largest log of one segment stays just below. */
const segmentBytesMax = 2 ** 30;

const kinds = [
  { peer: "walkabout", segments: 1 },
  // As many as 1 GiB has by default.
  { peer: "walkabout", segments: 16 },
  { peer: "walkabout", segments: 1000 },
  { peer: "better-sqlite3" },
  { peer: "classic-level" },
  { peer: "lmdb" },
];

export async function measureOpen({ budget, scratch, progress }) {
  const results = [];
  for (const size of budget.sizes) {
    for (const kind of kinds) {
      for (const ending of ["closed", "killed"]) {
        progress(`${size.name}, ${kind.peer}, ${ending}`);
        results.push(await measureKind({ ...kind, ending }, size, scratch));
      }
    }
  }
  return results;
}

async function measureKind({ peer, segments, ending }, { name, bytes, rounds, peerRounds }, scratch) {
  const row = { peer, segments, ending, size: name, bytes };
  const folder = join(scratch, "open");
  const times = [];
  try {
    let found;
    for (let round = 0; round < (segments === undefined ? peerRounds : rounds); round++) {
      mkdirSync(folder, { recursive: true });
      await withContestant((contestant) => make(contestant, { peer, folder, bytes, segments, ending }));
      found = await withContestant((contestant) => contestant.open(peer, folder), { folder });
      times.push(found.ms);
    }
    return { ...row, ms: spread(times), verdict: found.verdict, found: found.segments };
  } catch (error) {
    return { ...row, failed: error.message };
  }
}

async function make(contestant, { peer, folder, bytes, segments, ending }) {
  // What a batch and the start of a segment take beside the values stays below a hundredth.
  const perSegment = segments === undefined ? bytes : bytes / segments;
  const perBatch = Math.max(1, Math.min(1000, Math.floor(perSegment / valueBytes / 20)));
  const segmentBytes = segments === 1 ? segmentBytesMax : Math.ceil(perSegment);
  // Whoever is killed has had a durable answer to all that was appended.
  await contestant.open(peer, folder, { relaxed: ending === "closed", segmentBytes });
  await contestant.ask("fill", { records: (bytes * 0.98) / valueBytes, bytes: valueBytes, perBatch });
  if (ending === "closed") await contestant.ask("close");
}
