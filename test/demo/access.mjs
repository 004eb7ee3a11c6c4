/** Whoever does not see the page, or has no mouse: names, landmarks, the keyboard. And that the tests press everything. */
import { expect } from "./expect.mjs";

/** Everything that can be pressed has a name, and the parts of the page are landmarks. */
export async function checkNames(tab) {
  const { nodes } = await tab.send("Accessibility.getFullAXTree");
  const seen = nodes
    .filter(({ ignored }) => !ignored)
    .map(({ role, name }) => [role?.value, name?.value ?? ""]);
  const pressable = new Set(["button", "textbox", "spinbutton", "switch", "slider", "link"]);
  const nameless = seen.filter(([role, name]) => pressable.has(role) && name.trim() === "");
  expect(nameless.length === 0, `without a name: ${nameless.map(([role]) => role).join(", ")}`);
  const has = (role, name) => seen.some((each) => each[0] === role && each[1].includes(name));
  const landmarks = [
    ["main", ""],
    ["navigation", "Pages"],
    ["banner", ""],
    ["contentinfo", ""],
    ["region", "This tab"],
    ["region", "Its log"],
    ["region", "The server"],
  ];
  const missing = landmarks.filter(([role, name]) => !has(role, name));
  expect(missing.length === 0, `no landmark ${missing.join("; ")}`);
  const count = seen.filter(([role]) => pressable.has(role)).length;
  return `${count} things to press`;
}

const focusable = `[...document.querySelectorAll("a[href], button:not(:disabled), input, [tabindex='0']")].filter((each) => each.checkVisibility())`;

/** Goes through a fresh tab with the Tab key, places an order with Enter, and turns a switch with the space bar. */
export async function checkKeyboard(browser, url) {
  const tab = await browser.open(`${url}/`);
  await tab.ready();
  await tab.send("Emulation.setFocusEmulationEnabled", { enabled: true });
  await tab.key("Tab");
  expect(
    await tab.evaluate(
      `document.activeElement.className === "skip" && document.activeElement.getBoundingClientRect().left >= 0`,
    ),
    "the first thing reached does not show a way past the head of the page",
  );
  await tab.key("Enter");
  await tab.until(`location.hash === "#tab"`);
  await focus(tab, `[name="customer"]`);
  await tab.key("Enter");
  await tab.until(`document.getElementById("acknowledged").innerText === "1"`);
  await tab.until(
    `document.querySelector("#map canvas") !== null && document.querySelector("#batch .hex") !== null`,
  );
  for (const checked of [true, false]) {
    await focus(tab, "#offline");
    await tab.key(" ", "Space");
    await tab.until(`document.getElementById("offline").checked === ${checked}`);
  }
  const count = await checkOrder(tab);
  await tab.close();
  return `${count} things in the order of the page`;
}

/** From the first thing on, each press of Tab goes to the next one of the page, which is seen and says that it is meant. */
async function checkOrder(tab) {
  await tab.evaluate(`${focusable}[0].focus()`);
  const count = await tab.evaluate(`${focusable}.length`);
  for (let index = 1; index < count; index++) {
    await tab.key("Tab");
    const wrong = await tab.evaluate(`(() => {
      const { activeElement: found } = document;
      if (found !== ${focusable}[${index}]) return "it is at " + found.outerHTML.slice(0, 80);
      const { top, bottom } = found.getBoundingClientRect();
      if (bottom <= 0 || top >= innerHeight) return "out of sight is " + found.outerHTML.slice(0, 80);
      return getComputedStyle(found).outlineStyle === "none" && "nothing marks " + found.outerHTML.slice(0, 80);
    })()`);
    expect(!wrong, `after ${index} times Tab, ${wrong}`);
  }
  return count;
}

/** Presses Tab until it is there. */
async function focus(tab, selector) {
  for (let presses = 0; presses < 60; presses++) {
    if (await tab.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
    await tab.key("Tab");
  }
  throw new Error(`the Tab key does not reach ${selector}`);
}

/** Everything in the pages that can be pressed was pressed by some check before. */
export async function checkEveryPress(browser, url) {
  const ids = [];
  for (const path of ["/", "/bench"]) {
    const html = await (await fetch(url + path)).text();
    ids.push(...Array.from(html.matchAll(/<(?:button|input)\b[^>]*\bid="([\w-]+)"/g), ([, id]) => id));
  }
  const missed = ids.filter((id) => !browser.pressed.has(`#${id}`));
  expect(ids.length > 10 && missed.length === 0, `nobody pressed ${missed.join(", ")}`);
  return ids.join(", ");
}
