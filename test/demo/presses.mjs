/** Every button of the demo, pressed in a real Chromium, one story after the other in the same tab. */
import { connect } from "node:net";
import { checkEveryPress, checkKeyboard, checkNames } from "./access.mjs";
import { checkAccidents } from "./accidents.mjs";
import { phone, tablet, wide, withChromium } from "./chromium.mjs";
import { expect, until } from "./expect.mjs";
import { startService, stateOf, withFolder } from "./service.mjs";
import { FIRST_LOAD_BYTES_MAX } from "./size.mjs";
import { checkTabs, checkUnseen } from "./tabs.mjs";

export async function checkPresses(tally) {
  await withFolder(async (folder) => {
    const service = await startService(`${folder}/data`);
    try {
      await withChromium(`${service.url}/`, (tab, browser) => play(tally, service, tab, browser));
    } finally {
      await service.stop();
    }
  });
}

async function play(tally, { url }, tab, browser) {
  const check = (title, body) => tally.check(`Chromium: ${title}`, body);
  const delivered = () =>
    tab.until(
      `document.getElementById("outbox-state").innerText.startsWith("Everything is delivered")`,
      30_000,
    );
  /** Orders that the server refused, and that were dropped. */
  let dropped = 0;
  const proven = async () => {
    await quiet(tab);
    await delivered();
    const acknowledged = await tab.number("acknowledged");
    const { proof } = await until(async () => {
      const state = await stateOf(url);
      return state.proof.exact >= acknowledged - dropped && state;
    }, `the server has the ${acknowledged} orders, but for ${dropped}`);
    expect(proof.twice + proof.disordered + proof.missing + proof.strangers === 0, JSON.stringify(proof));
    await tab.until(
      `document.getElementById("proof").dataset.proof === "kept" && document.getElementById("exact").innerText !== "0"`,
    );
    return `${acknowledged} acknowledged, ${proof.exact} on the server, each once and in order`;
  };

  await check("the page opens its log, and loads less than is promised", async () => {
    await tab.ready();
    expect(
      browser.bytes > 20_000 && browser.bytes < FIRST_LOAD_BYTES_MAX + 4000,
      `${browser.bytes} bytes came over the network`,
    );
    return `${browser.bytes} bytes with all headers; ${(await tab.text("facts")).split("\n")[1]}`;
  });
  await check("everything has a name for those who do not see it, and landmarks", () => checkNames(tab));
  await check("an order is acknowledged, delivered and shown; HTML in it is text", async () => {
    await tab.order({ customer: "<b>ada</b>", item: "<img src=x onerror=alert(1)>", quantity: 3 });
    await tab.until(`document.getElementById("recent").innerText.includes("<img src=x onerror=alert(1)>")`);
    expect(
      await tab.evaluate(`document.querySelector("#recent img, #happened img, #recent b b") === null`),
      "it was taken for HTML",
    );
    return proven();
  });
  await check("1,000 orders a second", async () => {
    await tab.turn("load", true);
    await until(
      async () => (await tab.number("acknowledged")) > 1500,
      "1,500 orders are acknowledged",
      30_000,
    );
    await tab.turn("load", false);
    return proven();
  });
  await check("the map shows real bytes, and the keys go from batch to batch", () => checkMap(tab));
  await check("offline: orders wait in the log, and leave when the tab is online", async () => {
    await tab.turn("offline", true);
    const before = (await stateOf(url)).next;
    await tab.order({ customer: "grace", item: "ink" });
    await tab.until(`document.getElementById("pending").innerText === "1"`);
    expect((await stateOf(url)).next === before, "it left all the same");
    await tab.turn("offline", false);
    return proven();
  });
  await check("server off: its log is closed and connections are refused, until it is on", async () => {
    await tab.turn("server-off", true);
    await tab.until(`document.getElementById("server").dataset.state === "off"`);
    expect((await rawAnswer(url)) === "", "it answered");
    await tab.order({ customer: "edsger", item: "rope" });
    await tab.until(`document.getElementById("pending").innerText === "1"`);
    await tab.turn("server-off", false);
    return proven();
  });
  await check("every other answer is lost: what comes again is refused", async () => {
    await tab.turn("lose-answers", true);
    await tab.turn("load", true);
    await until(async () => (await tab.number("duplicates")) > 20, "duplicates are refused", 30_000);
    await tab.turn("load", false);
    await tab.turn("lose-answers", false);
    return `${await proven()}; ${await tab.number("duplicates")} duplicates refused`;
  });
  await check("an order that the server refuses is a dead letter: tried again, and dropped", async () => {
    await tab.order({ customer: "alan", item: "boots", quantity: 1000 });
    await tab.until(
      `document.getElementById("dead").innerText === "1" && document.querySelectorAll("#letter-list li").length === 1`,
    );
    await tab.press("#letter-list button:nth-of-type(1)");
    await tab.until(
      `document.getElementById("dead").innerText === "0" || document.getElementById("happened").innerText.split("Given up").length > 2`,
    );
    await tab.until(
      `document.getElementById("dead").innerText === "1" && document.querySelectorAll("#letter-list li").length === 1`,
    );
    await tab.press("#letter-list button:nth-of-type(2)");
    await tab.until(
      `document.getElementById("dead").innerText === "0" && document.getElementById("letters").hidden`,
    );
    dropped++;
  });
  for (const round of [1, 2]) {
    await check(`kill the worker in mid-write (${round})`, async () => {
      await tab.press("#kill");
      await tab.until(
        `document.getElementById("report").innerText.includes("The worker was killed") && document.getElementById("happened").firstChild.innerText.includes("was killed with")`,
        30_000,
      );
      const happened = await tab.evaluate(`document.getElementById("happened").firstChild.innerText`);
      await tab.order({ customer: "barbara", item: "salt" });
      const says = await proven();
      await tab.evaluate(`document.getElementById("report").replaceChildren()`);
      return `${/with .*? not/.exec(happened)?.[0]}; ${says}`;
    });
  }
  await check("reload: what was pending is still there, and is delivered", async () => {
    await tab.turn("offline", true);
    for (const item of ["a map", "a compass", "candles"]) await tab.order({ customer: "radia", item });
    await tab.until(`document.getElementById("pending").innerText === "3"`);
    const acknowledged = await tab.number("acknowledged");
    await tab.press("#reload");
    await tab.until(
      `document.getElementById("happened").innerText.includes("3 orders from before are in it")`,
      30_000,
    );
    expect((await tab.number("acknowledged")) === acknowledged, "it counts anew");
    return proven();
  });
  await check("another tab has a log of its own; what it leaves is taken over", () =>
    checkTabs(tab, browser, url),
  );
  await check("a tab that is not seen does not watch the server", async () => {
    await checkUnseen(tab, url);
    return proven();
  });
  await checkAccidents(check, tab);
  await check("phone, tablet and desktop, dark and light: nothing is wider than the screen", () => fits(tab));
  await check("the keyboard alone reaches everything, and presses it", () => checkKeyboard(browser, url));
  await check("/bench measures both storages, and gives a result to copy", () => checkBench(tab));
  await check("a proof that is broken turns red", async () => {
    const second = await browser.open(`${url}/`);
    await second.ready();
    const headers = { "content-type": "application/json" };
    const order = JSON.stringify({ item: "tea", quantity: 1, tab: "forged", number: 7, after: 6 });
    const records = [{ key: "eve", value: order, timestamp: 1 }];
    const body = JSON.stringify({ outbox: "forger", incarnation: 1, lane: 0, sequence: 1, records });
    await fetch(`${url}/ingest`, { method: "POST", headers, body });
    await second.until(`document.getElementById("proof").dataset.proof === "broken"`);
    const red = await second.evaluate(`getComputedStyle(document.getElementById("proof")).color`);
    expect(red === "rgb(192, 24, 32)", `it is ${red}`);
  });
  await check("no button or switch was left out", () => checkEveryPress(browser, url));
  await check(
    "no exception, no error in the console, no report of the policy, no request to elsewhere",
    () => {
      expect(browser.troubles.length === 0, browser.troubles.join("\n"));
      return `${browser.failures.length} deliveries failed where they were meant to`;
    },
  );
}

/** Until nothing more is acknowledged: the last ones of many may still be on their way to the log. */
async function quiet(tab) {
  let before = -1;
  await until(async () => {
    const acknowledged = await tab.number("acknowledged");
    const isQuiet = acknowledged === before;
    before = acknowledged;
    if (!isQuiet) await new Promise((wake) => setTimeout(wake, 200));
    return isQuiet;
  }, "all is acknowledged");
}

/** At the end the screen is wide again. */
async function fits(tab) {
  for (const scheme of ["dark", "light"]) {
    for (const size of [phone, tablet, wide]) {
      await tab.show(size, scheme);
      await tab.until(`innerWidth === ${size.width}`);
      const wider = await tab.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect(wider <= 0, `${wider} pixels too wide at ${size.width}, ${scheme}`);
    }
  }
}

async function checkMap(tab) {
  await tab.press("#map canvas");
  await tab.until(`document.querySelector("#batch .hex") !== null`);
  const chosen = () =>
    tab.evaluate(`Number(document.querySelector("#map canvas").getAttribute("aria-valuenow"))`);
  await tab.key("Home");
  await until(async () => (await chosen()) === 1, "the first batch is chosen");
  await tab.key("ArrowRight");
  await until(async () => (await chosen()) === 2, "the second batch is chosen");
  await tab.until(`document.querySelector("#batch .records li code") !== null`);
  // The fields are those of the bytes beside them.
  const shown = await tab.evaluate(`({
    hex: [...document.querySelectorAll("#batch .hex td")].map(({ innerText }) => innerText).join(""),
    fields: Object.fromEntries([...document.querySelectorAll(".fields-table tr")].map(({ cells }) => [cells[0].innerText, cells[2].innerText])),
    orders: document.querySelectorAll("#batch .records li").length,
  })`);
  const view = new DataView(
    Uint8Array.from(shown.hex.match(/../g), (byte) => Number.parseInt(byte, 16)).buffer,
  );
  const checksum = `0x${view.getUint32(0, true).toString(16).padStart(8, "0")}`;
  expect(
    checksum === shown.fields["checksum"],
    `the checksum is ${checksum} and is shown as ${shown.fields["checksum"]}`,
  );
  const count = view.getUint32(24, true);
  expect(
    String(count) === shown.fields["count"] && shown.orders >= 1,
    `the count is ${count} and is shown as ${shown.fields["count"]}`,
  );
  await tab.key("End");
  return `batch 2 of ${await tab.evaluate(`document.querySelector("#map canvas").getAttribute("aria-valuemax")`)} holds ${count} records`;
}

async function checkBench(tab) {
  await tab
    .send("Browser.grantPermissions", { permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"] })
    .catch(() => undefined);
  await tab.press("nav a:last-child");
  await tab.until(`location.pathname === "/bench" && document.readyState === "complete"`);
  await tab.press("#run");
  await tab.until(
    `document.getElementById("progress").value > 0 && document.querySelectorAll(".histogram rect").length > 3`,
    20_000,
  );
  await tab.until(`!document.getElementById("result").hidden`, 60_000);
  const result = await tab.evaluate(`document.getElementById("result-text").value`);
  const rows = result.split("\n").filter((line) => /^\| (OPFS|IndexedDB).*ms \|.*ms \| [\d,]+ \|/.test(line));
  expect(rows.length === 2, result);
  await tab.press("#copy");
  await tab.until(`/Copied|selected/.test(document.getElementById("copied").innerText)`);
  const left = await tab.evaluate(
    `(async () => (await indexedDB.databases()).map(({ name }) => name).filter((name) => name.startsWith("walkabout-bench")).length)()`,
  );
  expect(left === 0, `${left} databases are left`);
  await fits(tab);
  return rows.map((row) => row.split("|")[1].trim()).join(", ");
}

/** What comes back on a connection of one's own. */
function rawAnswer(url) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        `POST /ingest HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
      ),
    );
    socket.setEncoding("utf8").on("data", (chunk) => (heard += chunk));
    socket.on("error", () => undefined).on("close", () => resolve(heard));
  });
}
