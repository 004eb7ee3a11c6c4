/**
 * Takes the pictures of the README from the running demo, in a real Chromium: `npm run screenshots`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { installBrowsers } from "../test/browser/driver/install.mjs";
import { phone, withChromium } from "../test/demo/chromium.mjs";
import { startService, withFolder } from "../test/demo/service.mjs";
import { root } from "../test/tools/command.mjs";

const desktop = { width: 1440, height: 1000 };
const bytesMax = 300_000;
const folder = `${root}docs/screenshots/`;

async function take(tab, name) {
  await tab.evaluate("document.activeElement.blur()");
  const picture = await tab.screenshot();
  if (picture.length > bytesMax) throw new Error(`${name} has ${picture.length} bytes`);
  writeFileSync(`${folder}${name}.png`, picture);
  console.log(`docs/screenshots/${name}.png  ${picture.length} bytes`);
}

/** Looks at the page as `size` and `scheme` have it, from the top of what `id` is. */
async function look(tab, size, scheme, id = undefined) {
  await tab.show(size, scheme);
  const top =
    id === undefined ? 0 : `document.getElementById("${id}").getBoundingClientRect().top + scrollY - 8`;
  await tab.evaluate(`scrollTo(0, ${top})`);
  await new Promise((wake) => setTimeout(wake, 400));
}

await installBrowsers();
mkdirSync(folder, { recursive: true });
await withFolder(async (data) => {
  const service = await startService(`${data}/data`);
  try {
    await withChromium(`${service.url}/`, async (tab) => {
      await tab.ready();
      await tab.turn("load", true);
      await tab.until(`Number(document.getElementById("delivered").innerText.replaceAll(",", "")) > 1500`);
      await tab.turn("server-off", true);
      await tab.until(`Number(document.getElementById("pending").innerText.replaceAll(",", "")) > 700`);
      await look(tab, desktop, "light");
      await take(tab, "desktop");
      await tab.turn("load", false);
      await look(tab, phone, "light");
      await take(tab, "phone");
      await look(tab, phone, "dark", "log");
      await take(tab, "phone-dark");
      await tab.show(desktop, "dark");
      await tab.press("#flip");
      await tab.until(`document.getElementById("report").innerText.includes("Salvage")`);
      await look(tab, desktop, "dark", "log");
      await take(tab, "desktop-dark");
    });
  } finally {
    await service.stop();
  }
});
