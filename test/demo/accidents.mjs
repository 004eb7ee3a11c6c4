/** The accidents on a copy: what the report says has to be what was done, and the live log must not hear of it. */
import { expect } from "./expect.mjs";

export async function checkAccidents(check, tab) {
  const cause = async (id) => {
    await tab.evaluate(`document.getElementById("report").replaceChildren()`);
    await tab.press(`#${id}`);
    await tab.until(
      `document.querySelectorAll("#report .badge").length > 0 && document.getElementById("log").dataset.shows === "copy"`,
      30_000,
    );
    const colours = await tab.evaluate(
      `[...document.querySelectorAll("#report .badge")].map((each) => each.innerText + " " + getComputedStyle(each).backgroundColor)`,
    );
    return { report: await tab.text("report"), colours };
  };

  await check("tear the tail: torn, cut, and the log opens", async () => {
    const { report, colours } = await cause("tear");
    shows(colours, "torn", "rgb(217, 130, 0)");
    const cut = /Opened: torn cut ([\d,]+) bytes at ([\d,]+) of (\d{20}\w*\.wal)/.exec(report);
    expect(cut !== null, report);
    expect(await isOnMap(tab, [217, 130, 0]), "nothing on the map is torn");
    return cut[0];
  });
  await check("flip a bit: corrupt, the very bit is named, and the rest is salvaged", async () => {
    const { report, colours } = await cause("flip");
    shows(colours, "corrupt", "rgb(211, 34, 42)");
    const [, bit, byte] = /Bit (\d) of byte (\d+) of/.exec(report) ?? [];
    expect(report.includes(`One flipped bit explains it: bit ${bit} of byte ${byte}.`), report);
    expect(/CORRUPT: /.test(report) && /Salvage: [\d,]+ records? kept/.test(report), report);
    expect(await isOnMap(tab, [211, 34, 42]), "nothing on the map is corrupt");
    return `bit ${bit} of byte ${byte}`;
  });
  await check(
    "fail the next flush: rejected, superseded, and the same record goes into a new segment",
    async () => {
      const { report, colours } = await cause("fail");
      shows(colours, "superseded", "rgb(138, 79, 208)");
      expect(
        /rejected with FLUSH_FAILED\. Tried again, it got offset [\d,]+ in a new segment/.test(report),
        report,
      );
      expect(await isOnMap(tab, [138, 79, 208]), "nothing on the map is superseded");
    },
  );
  await check("back to the live log, which has not heard of it", async () => {
    await tab.press("#live");
    await tab.until(
      `document.getElementById("log").dataset.shows === "live" && document.getElementById("copy-note").hidden`,
    );
    // What a killed worker left may be superseded there as well.
    for (const colour of [
      [217, 130, 0],
      [211, 34, 42],
    ]) {
      expect(!(await isOnMap(tab, colour)), `rgb(${colour}) is on the live map`);
    }
    const acknowledged = await tab.number("acknowledged");
    await tab.order({ customer: "tony", item: "paper" });
    await tab.until(
      `document.getElementById("acknowledged").innerText.replaceAll(",", "") === "${acknowledged + 1}"`,
    );
  });
}

/** Whether the map has a pixel of this colour. */
function isOnMap(tab, colour) {
  return tab.evaluate(`(() => {
    const canvas = document.querySelector("#map canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const [red, green, blue] = ${JSON.stringify(colour)};
    for (let at = 0; at < data.length; at += 4) if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) return true;
    return false;
  })()`);
}

function shows(colours, verdict, colour) {
  expect(colours.includes(`${verdict} ${colour}`), `no ${verdict} in ${colour}: ${colours.join("; ")}`);
}
