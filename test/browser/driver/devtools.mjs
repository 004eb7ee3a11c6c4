/** Speaks the DevTools protocol with a Chromium over a pair of pipes. */

export class Devtools {
  #next = 1;
  #rest = "";
  #waiting = new Map();
  /** Who hears of the events of a session. */
  #listeners = new Map();
  #pipe;

  constructor(toBrowser, fromBrowser) {
    this.#pipe = toBrowser;
    const end = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the browser is gone"));
      this.#waiting.clear();
    };
    toBrowser.on("error", end);
    fromBrowser.on("error", end);
    fromBrowser.on("close", end);
    fromBrowser.setEncoding("utf8").on("data", (chunk) => this.#receive(chunk));
  }

  /** Sends one command, to a page if there is a session, and answers its result. */
  send(method, params = {}, sessionId = undefined) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, method });
      this.#pipe.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** Opens another tab, and answers how to speak with it. */
  async openTab(url) {
    const { targetId } = await this.send("Target.createTarget", { url });
    return this.#attach(targetId);
  }

  /** The tab whose address holds `part`, once there is one. */
  async tab(part) {
    for (let tries = 0; tries < 200; tries++) {
      const { targetInfos } = await this.send("Target.getTargets");
      const found = targetInfos.find(({ type, url }) => type === "page" && url.includes(part));
      if (found !== undefined) return this.#attach(found.targetId);
      await new Promise((wake) => setTimeout(wake, 50));
    }
    throw new Error(`no tab shows ${part}`);
  }

  async #attach(targetId) {
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    return {
      targetId,
      send: (method, params) => this.send(method, params, sessionId),
      close: () => this.send("Target.closeTarget", { targetId }),
      /** Hands every event of the tab to `heard`, with its name. */
      listen: (heard) => this.#listeners.set(sessionId, heard),
      /** What an expression comes to, behind its promise if it is one. */
      evaluate: (expression) => this.#evaluate(expression, sessionId),
    };
  }

  async #evaluate(expression, sessionId) {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", options, sessionId);
    if (exceptionDetails === undefined) return result.value;
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  }

  #receive(chunk) {
    const messages = (this.#rest + chunk).split("\0");
    this.#rest = messages.pop();
    for (const text of messages) {
      const { id, result, error, method, params, sessionId } = JSON.parse(text);
      if (method !== undefined) this.#listeners.get(sessionId)?.(method, params);
      const waiting = this.#waiting.get(id);
      if (waiting === undefined) continue;
      this.#waiting.delete(id);
      if (error) waiting.reject(new Error(`${waiting.method}: ${error.message}`));
      else waiting.resolve(result);
    }
  }
}
