/** A tab with an outbox, seen from outside: it is told what to push, cut off, frozen and killed. */

export class OutboxTab {
  name;
  #devtools;
  #heard;
  isThere = true;
  #isFrozen = false;

  constructor(name, devtools, heard) {
    this.name = name;
    this.#devtools = devtools;
    this.#heard = heard;
  }

  get isAwake() {
    return this.isThere && !this.#isFrozen;
  }

  /** Resolves when its outbox is open. */
  async ready() {
    this.#devtools.listen((method, { payload }) => {
      if (method === "Runtime.bindingCalled") this.#heard(payload);
    });
    for (const domain of ["Runtime", "Network"]) await this.#devtools.send(`${domain}.enable`);
    await this.#devtools.send("Runtime.addBinding", { name: "acknowledged" });
    for (let tries = 0; !(await this.#devtools.evaluate("'tab' in globalThis")); tries++) {
      if (tries === 600) throw new Error(`tab ${this.name} did not open its outbox`);
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }

  push(values) {
    return this.#orGone(this.#devtools.evaluate(`tab.push(${JSON.stringify(values)})`));
  }

  state() {
    return this.#devtools.evaluate("tab.state()");
  }

  async network(isOn) {
    const conditions = { offline: !isOn, latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await this.#orGone(this.#devtools.send("Network.emulateNetworkConditions", conditions));
  }

  async freeze() {
    this.#isFrozen = true;
    await this.#devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  }

  async thaw() {
    if (!this.#isFrozen) return;
    await this.#devtools.send("Page.setWebLifecycleState", { state: "active" });
    this.#isFrozen = false;
    // It may have got another log, and there is no order between two.
    this.name += "+";
  }

  async kill(how) {
    this.isThere = false;
    this.#end();
    // A tab that crashes answers nothing any more.
    if (how === "crashed") this.#devtools.send("Page.crash").catch(() => undefined);
    else await this.#devtools.close();
  }

  #end;
  #gone = new Promise((end) => (this.#end = end));

  /** What is asked of a tab that is killed meanwhile is never answered. */
  #orGone(work) {
    return Promise.race([work, this.#gone]);
  }
}
