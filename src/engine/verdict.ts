/**
 * What the evidence about one segment says: one pure function, the whole of what this log
 * believes about damage.
 */

export interface Evidence {
  /** False when something names the segment and it is not there. */
  readonly present: boolean;
  /** False when reading failed, which says nothing about the bytes. */
  readonly readable: boolean;
  /** Where the valid batches end. */
  readonly validEnd: number;
  /** What lies there: the end of the file, zeros, or anything else. */
  readonly rest: "nothing" | "zeros" | "damaged";
  readonly fileEnd: number;
  /** How far a watermark, a close, a seal or a link vouches that the segment was flushed. */
  readonly vouchedEnd: number;
  /** Where the link of a later epoch ends this segment, if there is a later epoch. */
  readonly linkedEnd: number | undefined;
}

export type Verdict =
  /** All is as it was written. */
  | "sound"
  /** The last write did not reach the disk whole, and nobody was told that it had. */
  | "torn"
  /** Sound, with bytes behind its end that a later epoch has replaced. */
  | "superseded"
  /** Bytes that were once flushed are damaged. */
  | "corrupt"
  /** A segment that was once flushed is gone. */
  | "missing"
  /** Nothing can be said: reading failed. */
  | "error";

export function judge(evidence: Evidence): Verdict {
  if (!evidence.present) return "missing";
  if (!evidence.readable) return "error";
  if (evidence.vouchedEnd > evidence.validEnd) return "corrupt";
  if (evidence.linkedEnd !== undefined) {
    if (evidence.linkedEnd > evidence.validEnd) return "corrupt";
    return evidence.fileEnd > evidence.linkedEnd ? "superseded" : "sound";
  }
  return evidence.rest === "damaged" ? "torn" : "sound";
}
