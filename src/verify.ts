/** Checks every byte of a log, without its lock, and says what is wrong with it and where. */
import { Files } from "./engine/files.ts";
import { Verifier, type VerifyOptions, type VerifyReport } from "./engine/verify.ts";
import { checkAddress, checkSignal, type LogAddress } from "./options.ts";
import { existingPlace, leave } from "./place.ts";

/**
 * Reads all of a log, and judges each of its segments. Nothing is changed, and a writer may be at work: what
 * is on its way to the disk at the end of such a log may look torn.
 *
 *     const report = await verify({ storage, topic: "orders" });
 *     if (report.verdict === "corrupt") for (const { segment, damages } of report.segments) …
 *
 * Rejects with `UNAVAILABLE` where there is no such log; whatever is wrong with the log is in the report.
 */
export async function verify(address: LogAddress, options: VerifyOptions = {}): Promise<VerifyReport> {
  const identity = checkAddress(address);
  checkSignal(options.signal);
  const { storage } = address;
  const place = await existingPlace(storage, identity, "verify");
  const files = new Files(place, identity.label);
  try {
    return await new Verifier(storage, files, identity, options).run();
  } finally {
    await leave(files, place);
  }
}
