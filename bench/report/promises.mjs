/** The section of what an answer means, and how many flushes stand behind it. */
import { peers } from "../peers.mjs";
import { table, text } from "./blocks.mjs";
import { failedText, numberText } from "./text.mjs";

const strengths = { disk: "a loss of power", os: "the death of the process", memory: "nothing" };

export function flushesSection(counts) {
  return {
    title: "What an answer means",
    blocks: [
      text(
        "Flushes are the calls of fsync, fdatasync, msync and the like that strace counts for each call: of one record at a time, of a batch of 64, and " +
          "for 64 callers with a record each. Below 1, an answer did not wait for the disk.",
      ),
      table(
        [
          "",
          "a durable answer",
          "survives",
          "flushes: 1 record",
          "batch of 64",
          "64 callers",
          "a relaxed answer",
        ],
        peers.map((peer) => rowOf(peer, counts)),
      ),
    ],
  };
}

function rowOf({ name, title, means, strongest, relaxedMeans }, counts) {
  const count = Array.isArray(counts) ? counts.find(({ peer }) => peer === name) : counts;
  const figures =
    count?.failed === undefined
      ? ["serial", "batches", "callers"].map((shape) => numberText(count?.[shape]))
      : [failedText(count.failed), "", ""];
  return [title, means, strengths[strongest], ...figures, relaxedMeans];
}
