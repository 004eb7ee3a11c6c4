/**
 * async-append-only-log. Its `append` answers from memory; `onDrain` is the strongest that it offers. It writes after a
 * pause in what is appended, here of one millisecond.
 */
import openLog from "async-append-only-log";
import { join } from "node:path";

const writeTimeout = 1;

const buffer = (value) => Buffer.from(value.buffer, value.byteOffset, value.length);

export async function open(folder, { relaxed = false } = {}) {
  const log = openLog(join(folder, "log"), { blockSize: 64 * 1024, writeTimeout });
  const appended = (data) =>
    new Promise((resolve, reject) => {
      log.append(data, (error) => (error ? reject(error) : resolve()));
    });
  const drained = () => new Promise((resolve) => log.onDrain(resolve));
  const acknowledged = async (data) => {
    await appended(data);
    if (!relaxed) await drained();
  };
  await drained();
  return {
    append: (value) => acknowledged(buffer(value)),
    appendMany: (values) => acknowledged(values.map(buffer)),
    scan() {
      let total = 0;
      return new Promise((resolve, reject) => {
        log.stream({ offsets: false }).pipe({
          paused: false,
          write: (value) => (total += value.length),
          end: (error) => (error && error !== true ? reject(error) : resolve(total)),
        });
      });
    },
    async close() {
      await drained();
      await new Promise((resolve) => log.close(resolve));
    },
  };
}
