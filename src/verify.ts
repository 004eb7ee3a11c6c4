/** Checks every byte of a log, without its lock, and says what is wrong with it and where. */
import { Files } from "./engine/files.ts";
import { Verifier, type VerifyOptions, type VerifyReport } from "./engine/verify.ts";
import { WalError } from "./errors.ts";
import { pathOf } from "./format/names.ts";
import { checkAddress, checkSignal, type LogAddress } from "./options.ts";

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
  const { label: log } = identity;
  const place = await storage.open(pathOf(identity.topic, identity.partition), { mode: "read" });
  if (place === undefined) {
    throw new WalError("UNAVAILABLE", `cannot verify log ${log}: there is no such log`, { log });
  }
  const files = new Files(place, log);
  try {
    return await new Verifier(storage, files, identity, options).run();
  } finally {
    await files.abandon();
    await place.close();
  }
}
