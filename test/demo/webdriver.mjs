/**
 * Drives the browsers that do not speak with DevTools: a WebKit over WebDriver, and a Firefox over its own protocol. Each
 * answers a page on which scripts can be run; what a browser reports itself can not be heard this way.
 */
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { startFirefox } from "../browser/driver/browsers.mjs";
import { miniBrowser } from "../browser/driver/install.mjs";
import { environment } from "../tools/command.mjs";
import { until } from "./expect.mjs";

export const browsers = { Firefox: withFirefox, WebKit: withWebKit };

/** A port that nobody has at the moment. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function withWebKit(profile, work) {
  const port = await freePort();
  const home = { HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile, XDG_DATA_HOME: profile };
  const args = ["-a", "/usr/bin/WebKitWebDriver", `--port=${port}`];
  const driver = spawn("/usr/bin/xvfb-run", args, {
    detached: true,
    stdio: "ignore",
    env: environment(home),
  });
  const call = async (method, path, body) => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, init);
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(value.message);
    return value;
  };
  try {
    await until(() => call("GET", "/status").catch(() => false), "the driver of WebKit answers");
    const options = { binary: miniBrowser(), args: ["--automation"] };
    const alwaysMatch = { browserName: "MiniBrowser", "webkitgtk:browserOptions": options };
    const { sessionId } = await call("POST", "/session", { capabilities: { alwaysMatch } });
    await work({
      go: (url) => call("POST", `/session/${sessionId}/url`, { url }),
      evaluate: (expression) =>
        call("POST", `/session/${sessionId}/execute/sync`, { script: `return ${expression}`, args: [] }),
    });
    await call("DELETE", `/session/${sessionId}`);
  } finally {
    process.kill(-driver.pid, "SIGKILL");
  }
}

async function withFirefox(profile, work) {
  const port = await freePort();
  const options = { preferences: { "marionette.port": port }, switches: ["--marionette"] };
  const firefox = await startFirefox(profile, "about:blank", options);
  let socket;
  try {
    socket = await until(() => connected(port).catch(() => false), "Firefox can be driven", 40_000);
    const call = speaking(socket);
    await call("WebDriver:NewSession", {});
    await work({
      go: (url) => call("WebDriver:Navigate", { url }),
      evaluate: async (expression) =>
        (await call("WebDriver:ExecuteScript", { script: `return ${expression}`, args: [] })).value,
    });
  } finally {
    socket?.destroy();
    await firefox.kill();
  }
}

function connected(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.on("error", reject);
  });
}

/** Messages are `length:[0, id, command, parameters]`; answers are `length:[1, id, error, result]`. */
function speaking(socket) {
  const waiting = new Map();
  let rest = Buffer.alloc(0);
  let last = 0;
  socket.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const colon = rest.indexOf(":");
      const length = Number(rest.subarray(0, Math.max(colon, 0)).toString());
      if (colon < 0 || rest.length < colon + 1 + length) return;
      const message = JSON.parse(rest.subarray(colon + 1, colon + 1 + length).toString());
      rest = rest.subarray(colon + 1 + length);
      if (!Array.isArray(message)) continue;
      const [, id, error, result] = message;
      const { resolve, reject } = waiting.get(id) ?? {};
      waiting.delete(id);
      if (error) reject?.(new Error(error.message));
      else resolve?.(result);
    }
  });
  socket.on("close", () => {
    for (const { reject } of waiting.values()) reject(new Error("Firefox is gone"));
  });
  return (command, parameters) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      const text = JSON.stringify([0, id, command, parameters]);
      socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
}
