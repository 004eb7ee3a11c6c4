/** The demo: its service under hostile hands, and its pages in real browsers with every button pressed. */
import { installBrowsers } from "../browser/driver/install.mjs";
import { checkElsewhere } from "./elsewhere.mjs";
import { checkService } from "./hostile.mjs";
import { checkPresses } from "./presses.mjs";

export async function checkDemo(tally) {
  await checkService(tally);
  if (!(await tally.check("browsers", installBrowsers))) return;
  await checkPresses(tally);
  await checkElsewhere(tally);
}
