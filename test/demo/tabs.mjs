/** Several tabs: each has its own log, and what one leaves is not lost. One that nobody sees takes no connection. */
import { expect, until } from "./expect.mjs";
import { stateOf } from "./service.mjs";

export async function checkTabs(tab, browser, url) {
  await tab.press("#another");
  const tabs = await browser.opened();
  const other = await until(async () => {
    for (const each of tabs) {
      if ((await each.evaluate("history.length").catch(() => 0)) === 1) return each;
    }
    return undefined;
  }, "the second tab is told from the first");
  await other.ready();
  const numbers = [await numberOf(tab), await numberOf(other)];
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

/** Which log a tab has, of those of this origin. */
function numberOf(tab) {
  return until(async () => /number (\d+)/.exec(await tab.text("facts"))?.[1], "a tab says which log it has");
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
