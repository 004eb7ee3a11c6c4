/** One life of a browser: it opens a page, is listened to until enough was heard, and is killed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChromium, startFirefox, startWebKit } from "./driver/browsers.mjs";

const launchers = { Chromium: startChromium, Firefox: startFirefox, WebKit: startWebKit };

/** Silence for this long means that a browser is stuck. */
const silenceMs = 90_000;

/**
 * Opens `page` in `browser`, in a private window if so said, and hands what it reports to `heard`, with a function to
 * call when it is enough. `begun` is called with the browser when it has started, and `ended` with it just before it
 * is killed.
 */
export async function session({ server, page, parameters, heard, begun, ended, ...life }) {
  const { browser, profile, isPrivate } = life;
  let started;
  let run;
  let timer;
  try {
    await new Promise((resolve, reject) => {
      const stuck = () => reject(new Error(`${browser} said nothing for ${silenceMs} ms`));
      timer = setTimeout(stuck, silenceMs);
      run = server.listen(page, parameters, (message) => {
        clearTimeout(timer);
        timer = setTimeout(stuck, silenceMs);
        try {
          if (message.type === "error") throw new Error(message.message);
          heard(message, resolve);
        } catch (error) {
          reject(error);
        }
      });
      launchers[browser](profile, run.url, { isPrivate })
        .then((each) => {
          started = each;
          return begun?.(each, run.url);
        })
        .catch(reject);
    });
    await ended?.(started);
  } finally {
    clearTimeout(timer);
    await started?.kill();
    run?.stop();
  }
}

/** Calls `work` with the path of a new profile, which is removed afterwards. */
export async function withProfile(work) {
  const profile = mkdtempSync(join(tmpdir(), "walkabout-browser-"));
  try {
    return await work(profile);
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
