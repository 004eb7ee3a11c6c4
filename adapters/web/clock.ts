/** The clock of a page or a worker, which all storages of the browser have in common. */
import type { Storage } from "../../src/storage.ts";

export const clock: Pick<Storage, "now" | "elapsed" | "sleep"> = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms) => (ms > 0 ? new Promise((wake) => setTimeout(wake, Math.min(ms, timerMsMax))) : turn()),
};

/** A longer timer would fire at once. */
const timerMsMax = 2 ** 31 - 1;

/** One turn of the event loop. A timer would take 4 ms when it is set by a timer, and 1 s in a hidden page. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}
