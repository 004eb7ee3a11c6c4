/** The main path of the demo in Firefox and WebKit: orders, offline, a reload, the map, an accident. */
import { withProfile } from "../browser/session.mjs";
import { expect, until } from "./expect.mjs";
import { startService, stateOf, withFolder } from "./service.mjs";
import { browsers } from "./webdriver.mjs";

export async function checkElsewhere(tally) {
  for (const [name, withBrowser] of Object.entries(browsers)) {
    await tally.check(`${name}: orders, offline, a reload, the map and an accident`, () =>
      withFolder(async (folder) => {
        const service = await startService(`${folder}/data`);
        let says;
        try {
          await withProfile((profile) =>
            withBrowser(profile, async (page) => (says = await play(page, service.url))),
          );
        } finally {
          await service.stop();
        }
        return says;
      }),
    );
  }
}

async function play(page, url) {
  const when = (expression, msMax = 30_000) =>
    until(() => page.evaluate(expression).catch(() => false), expression, msMax);
  const press = (selector) => page.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
  const textOf = (id) => page.evaluate(`document.getElementById("${id}").innerText`);
  const ready = () => when("document.documentElement.dataset.ready === 'yes'");
  const delivered = () =>
    when(`document.getElementById("outbox-state").innerText.startsWith("Everything is delivered")`);
  await page.go(`${url}/`);
  await ready();
  await page.evaluate(
    `(window.troubles = [], ["error", "unhandledrejection", "securitypolicyviolation"].forEach((name) => addEventListener(name, (event) => troubles.push(name + " " + (event.message ?? event.reason ?? event.violatedDirective)))))`,
  );
  await press("#order-form button");
  await when(`document.getElementById("acknowledged").innerText === "1"`);
  await delivered();
  await press("#load");
  await when(`Number(document.getElementById("acknowledged").innerText.replaceAll(",", "")) > 400`);
  await press("#load");
  await delivered();
  await press("#offline");
  await press("#order-form button");
  // Some of the many may have been on their way as well.
  await when(`document.getElementById("pending").innerText !== "0"`);
  const acknowledged = Number((await textOf("acknowledged")).replaceAll(",", ""));
  const before = await page.evaluate("troubles.join()");
  await page.evaluate("setTimeout(() => document.getElementById('reload').click(), 0)");
  await when(`document.getElementById("happened").innerText.includes("orders from before")`);
  await ready();
  await delivered();
  const { proof } = await until(async () => {
    const state = await stateOf(url);
    return state.proof.exact >= acknowledged && state;
  }, "the orders arrived");
  expect(proof.twice + proof.disordered + proof.missing === 0, JSON.stringify(proof));
  await press("#tear");
  await when(`document.getElementById("report").innerText.includes("Opened: torn")`);
  await page.evaluate(
    `document.querySelector("#map canvas").dispatchEvent(new KeyboardEvent("keydown", { key: "Home" }))`,
  );
  await when(`document.querySelector("#batch .hex") !== null`);
  expect(before === "", before);
  return `${proof.exact} orders, in ${(await textOf("facts")).split("\n")[1]}`;
}
