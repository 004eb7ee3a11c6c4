/** Several tabs: each has its own log, and what one leaves is not lost. One that nobody sees takes no connection. */
import { expect, until } from "./expect.mjs";
import { stateOf } from "./service.mjs";

export async function checkTabs(tab, browser, url) {
  await tab.press("#another");
  const tabs = await browser.opened();
  const fresh = [];
  for (const each of tabs) if ((await each.evaluate("history.length")) === 1) fresh.push(each);
  const [other] = fresh;
  expect(other !== undefined, "the second tab is not to be told from the first");
  await other.ready();
  const numbers = await Promise.all(
    [tab, other].map(async (each) => /number (\d+)/.exec(await each.text("facts"))?.[1]),
  );
  expect(numbers[0] !== numbers[1], `both have log ${numbers[0]}`);
  await other.evaluate(`document.getElementById("offline").click()`);
  await other.evaluate(`document.querySelector("[name=item]").value = "left behind"`);
  for (let count = 0; count < 2; count++)
    await other.evaluate(`document.querySelector("#order-form button").click()`);
  await other.until(`document.getElementById("pending").innerText === "2"`);
  const before = (await stateOf(url)).next;
  await other.close();
  await until(
    async () => (await stateOf(url)).next === before + 2,
    "the orders of the closed tab arrived",
    30_000,
  );
  expect((await tab.text("happened")).includes("Took over"), await tab.text("happened"));
  return `logs ${numbers.join(" and ")}`;
}

/** The number of the server is written over: it comes back with the next event, and only then. */
export async function checkUnseen(tab, url) {
  const see = (hidden) =>
    tab.evaluate(
      `Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event("visibilitychange"))`,
    );
  await see(true);
  await tab.evaluate(`document.getElementById("exact").innerText = "?"`);
  const before = (await stateOf(url)).next;
  await tab.order({ customer: "frances", item: "a lamp" });
  await until(async () => (await stateOf(url)).next === before + 1, "it is delivered");
  expect((await tab.text("exact")) === "?", "it watches");
  await see(false);
  await until(async () => (await tab.number("received")) === before + 1, "it watches again");
}
