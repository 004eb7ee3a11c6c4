/**
 * Sends a signal to every process of the group that `leader` leads. Answers whether there was one: it may have ended.
 *
 * @param {number} leader
 * @param {NodeJS.Signals} signal
 */
export function signalGroup(leader, signal) {
  try {
    return process.kill(-leader, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
    return false;
  }
}
