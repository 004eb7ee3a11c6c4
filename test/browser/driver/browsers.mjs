/**
 * Starts real browsers with a profile on the disk, and ends them. All of a browser's processes are in one
 * group, so that a kill takes every one of them at the same moment, as a loss of power would.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { environment } from "../../tools/command.mjs";
import { freezeGroup } from "../../tools/freeze.mjs";
import { signalGroup } from "../../tools/group.mjs";
import { Devtools } from "./devtools.mjs";
import { miniBrowser } from "./install.mjs";

const chromiumSwitches = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-breakpad",
  "--disable-dev-shm-usage",
  "--password-store=basic",
];

export async function startChromium(profile, url, { switches = [], isPrivate = false } = {}) {
  const args = [
    ...chromiumSwitches,
    ...switches,
    ...(isPrivate ? ["--incognito"] : []),
    "--remote-debugging-pipe",
    `--user-data-dir=${profile}`,
    url,
  ];
  const browser = start("/usr/bin/chromium", args, profile, ["ignore", "ignore", "ignore", "pipe", "pipe"]);
  return { ...browser, devtools: new Devtools(browser.child.stdio[3], browser.child.stdio[4]) };
}

const firefoxPreferences = {
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.enabled": false,
  "app.update.enabled": false,
  "browser.tabs.warnOnClose": false,
  "browser.sessionstore.resume_from_crash": false,
  "toolkit.startup.max_resumed_crashes": -1,
  "dom.disable_open_during_load": false,
};

export async function startFirefox(
  profile,
  url,
  { isPrivate = false, preferences = {}, switches = [] } = {},
) {
  mkdirSync(profile, { recursive: true });
  const lines = Object.entries({ ...firefoxPreferences, ...preferences }).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  writeFileSync(`${profile}/user.js`, lines.join("\n"));
  const page = isPrivate ? ["--private-window", url] : [url];
  return start(
    "/usr/bin/firefox-esr",
    ["--headless", "--no-remote", ...switches, "--profile", profile, ...page],
    profile,
  );
}

const webkitFeatures = "FileSystem,StorageAPI,StorageAPIEstimate,FileSystemWritableStream,AccessHandle";

export async function startWebKit(profile, url, { isPrivate = false } = {}) {
  const mode = isPrivate ? ["--private"] : [];
  const args = ["-a", miniBrowser(), `--features=${webkitFeatures}`, ...mode, url];
  return start("/usr/bin/xvfb-run", args, profile);
}

function start(program, args, profile, stdio = "ignore") {
  mkdirSync(profile, { recursive: true });
  const home = `${profile}/home`;
  const env = {
    HOME: home,
    XDG_CONFIG_HOME: `${home}/config`,
    XDG_CACHE_HOME: `${home}/cache`,
    XDG_DATA_HOME: `${home}/data`,
    XDG_RUNTIME_DIR: `${home}/run`,
  };
  for (const folder of Object.values(env)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const child = spawn(program, args, { detached: true, stdio, env: environment(env) });
  const exited = once(child, "exit");
  exited.catch(() => undefined);
  let isGone = false;
  child.on("error", () => (isGone = true));
  return {
    child,
    /** Stops every process of it, so that none gets an answer to what it asks for from now on. */
    freeze: () => freezeGroup(child.pid),
    /** Ends every process of it at once, without a chance to finish anything. */
    async kill() {
      if (isGone) return;
      isGone = true;
      signalGroup(child.pid, "SIGKILL");
      await exited;
    },
  };
}
