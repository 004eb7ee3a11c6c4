/** A Chromium with the demo in its tabs, driven with real presses of the mouse and keys; it notes whatever goes wrong in them. */
import { withProfile } from "../browser/session.mjs";
import { startChromium } from "../browser/driver/browsers.mjs";
import { until } from "./expect.mjs";

export const wide = { width: 1440, height: 900 };
export const tablet = { width: 820, height: 1180 };
export const phone = { width: 390, height: 844 };

/** Calls `work` with a first tab, which shows `url`. */
export async function withChromium(url, work) {
  await withProfile(async (profile) => {
    const chromium = await startChromium(profile, "about:blank");
    try {
      const browser = new Browser(chromium.devtools);
      await work(await browser.open(url), browser);
    } finally {
      await chromium.kill();
    }
  });
}

export class Browser {
  /** What no page may cause: exceptions, errors in the console, reports of the policy, requests to elsewhere. */
  troubles = [];
  /** Failed requests, which a browser prints in the console, although somebody asked for them. */
  failures = [];
  bytes = 0;
  /** The selectors of what was pressed in any tab. */
  pressed = new Set();
  #devtools;
  #origin;

  constructor(devtools) {
    this.#devtools = devtools;
    devtools.onEvent = (event) => this.#hear(event);
  }

  async open(url, { size = wide, scheme = "light" } = {}) {
    this.#origin ??= new URL(url).origin;
    const tab = new Tab(await this.#devtools.openTab("about:blank"), this.pressed);
    for (const domain of ["Log", "Runtime", "Network", "Page"]) await tab.send(`${domain}.enable`);
    await tab.show(size, scheme);
    await tab.go(url);
    return tab;
  }

  /** The tab that a page has opened. */
  async opened() {
    const pages = async () =>
      (await this.#devtools.send("Target.getTargets")).targetInfos.filter(
        ({ type, url }) => type === "page" && url.startsWith(this.#origin),
      );
    const found = await until(async () => {
      const all = await pages();
      return all.length > 1 && all;
    }, "there is a second tab");
    const tabs = [];
    for (const { targetId } of found) tabs.push(new Tab(await this.#devtools.attach(targetId), this.pressed));
    return tabs;
  }

  #hear({ method, params }) {
    if (method === "Runtime.exceptionThrown") {
      this.troubles.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    } else if (
      method === "Runtime.consoleAPICalled" &&
      ["error", "warning", "assert"].includes(params.type)
    ) {
      this.troubles.push(params.args.map(({ value, description }) => value ?? description).join(" "));
    } else if (method === "Log.entryAdded" && params.entry.level === "error") {
      const { source, text, url = "" } = params.entry;
      const isDelivery = source === "network" && url === `${this.#origin}/ingest`;
      (isDelivery ? this.failures : this.troubles).push(`${source}: ${text} ${url}`);
    } else if (method === "Network.requestWillBeSent") {
      const { url } = params.request;
      if (this.#origin !== undefined && !url.startsWith(this.#origin))
        this.troubles.push(`a request to ${url}`);
    } else if (method === "Network.loadingFinished") {
      this.bytes += params.encodedDataLength;
    }
  }
}

export class Tab {
  #tab;
  #pressed;

  constructor(tab, pressed) {
    this.#tab = tab;
    this.#pressed = pressed;
  }

  send(method, params = {}) {
    return this.#tab.send(method, params);
  }

  close() {
    return this.#tab.close();
  }

  async show({ width, height }, scheme) {
    const mobile = width < 500;
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
    await this.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: scheme }],
    });
  }

  async go(url) {
    await this.send("Page.navigate", { url });
    await until(
      () =>
        this.evaluate(
          `location.href.startsWith(${JSON.stringify(url)}) && document.readyState === "complete"`,
        ).catch(() => false),
      `${url} is there`,
    );
  }

  /** Until the log of the page is open. */
  ready() {
    return this.until("document.documentElement.dataset.ready === 'yes'");
  }

  async evaluate(expression) {
    const answer = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    const { exceptionDetails, result } = answer;
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async until(expression, msMax) {
    try {
      return await until(() => this.evaluate(expression).catch(() => false), expression, msMax);
    } catch (error) {
      const shown = await this.evaluate(`document.getElementById("tab")?.innerText`).catch(String);
      throw new Error(`${error.message}; the first column says: ${shown?.replaceAll(/\s+/g, " ")}`, {
        cause: error,
      });
    }
  }

  text(id) {
    return this.evaluate(`document.getElementById(${JSON.stringify(id)}).innerText`);
  }

  async number(id) {
    return Number((await this.text(id)).replaceAll(",", ""));
  }

  /** Presses the mouse in the middle of what `selector` finds. */
  async press(selector) {
    const place = `(() => {
      const found = document.querySelector(${JSON.stringify(selector)});
      found.scrollIntoView({ block: "center" });
      const { left, top, width, height } = found.getBoundingClientRect();
      const [x, y] = [left + width / 2, top + height / 2];
      const hit = document.elementFromPoint(x, y);
      return { x, y, isHit: found === hit || found.contains(hit), isDisabled: found.disabled === true };
    })()`;
    const { x, y, isHit, isDisabled } = await this.evaluate(place);
    if (!isHit || isDisabled)
      throw new Error(
        `${selector} cannot be pressed: ${isDisabled ? "it is disabled" : "something is in front of it"}`,
      );
    for (const type of ["mousePressed", "mouseReleased"]) {
      await this.send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
    }
    this.#pressed.add(selector);
  }

  async key(key, code = key) {
    const text = key === " " ? " " : key === "Enter" ? "\r" : undefined;
    const windowsVirtualKeyCode = {
      " ": 32,
      Enter: 13,
      Tab: 9,
      ArrowLeft: 37,
      ArrowRight: 39,
      Home: 36,
      End: 35,
    }[key];
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, code, text, windowsVirtualKeyCode });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key, code, windowsVirtualKeyCode });
  }

  /** Fills a field of the form as a user does: all of it is chosen and typed over. */
  async type(name, value) {
    await this.evaluate(`document.querySelector('[name=${name}]').select?.()`);
    await this.evaluate(`document.querySelector('[name=${name}]').focus()`);
    await this.evaluate(`document.execCommand("selectAll")`);
    await this.send("Input.insertText", { text: String(value) });
  }

  /** Places an order, and waits until the page counts it: what it says of its state is then said of this one as well. */
  async order({ customer = "ada", item = "tea", quantity = 1 }) {
    const before = await this.number("acknowledged");
    await this.type("customer", customer);
    await this.type("item", item);
    await this.type("quantity", quantity);
    await this.press("#order-form button");
    await this.until(
      `Number(document.getElementById("acknowledged").innerText.replaceAll(",", "")) > ${before}`,
    );
  }

  /** A switch that is in the other position is pressed. */
  async turn(id, on) {
    if ((await this.evaluate(`document.getElementById("${id}").checked`)) !== on) await this.press(`#${id}`);
  }

  async screenshot() {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    return Buffer.from(data, "base64");
  }
}
