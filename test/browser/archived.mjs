/** The log that travels, as it is made in a browser and in Node. */

export const topic = "travels/ü";

/**
 * Appends on a storage with a clock that is the same everywhere, and answers two archives: one that was made while the log
 * was open, which goes on meanwhile, and one of the closed log. `look` is given the log before that.
 *
 * @param {import("../../src/index.ts").Storage} storage
 * @param {Pick<typeof import("../../src/index.ts"), "openLog" | "exportLog">} verbs
 * @param {(log: import("../../src/index.ts").Log) => Promise<void>} [look]
 */
export async function sentAway(storage, { openLog, exportLog }, look) {
  let ms = 1_700_000_000_000;
  const clocked = Object.create(storage, { now: { value: () => ms++ } });
  const archive = async () => {
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const chunks = [];
    for await (const chunk of exportLog({ storage: clocked, topic })) chunks.push(chunk);
    return chunks;
  };
  const log = await openLog({ storage: clocked, topic, segment: { maxBytes: 700 } });
  for (let index = 0; index < 40; index++) await log.append({ key: `${index}`, value: `record ${index}` });
  await log.truncateBefore(5);
  await look?.(log);
  const whileOpen = await archive();
  await log.close();
  return [whileOpen, await archive()];
}
