/** The second page: measures the log on each storage of this browser, draws it as it goes, and gives the result to copy. */
import type { Log } from "../../src/index.ts";
import { reasonOf } from "../../src/errors.ts";
import { type Contestant, contestants, removeAll } from "./contestants.ts";
import { byId, counted, element, setText } from "./dom.ts";
import { strengths } from "./facts.ts";
import { drawHistogram, Histogram, newHistogramPicture } from "./histogram.ts";

interface Result {
  readonly name: string;
  readonly halfMs: number;
  readonly mostMs: number;
  readonly perSecond: number;
  readonly durability: Strength;
}

const value = "x".repeat(100);
const phaseMs = 3000;
const warmUpMs = 300;
const atOnce = 500;
const drawMs = 100;

const noteText = "How long one append takes, from the call to the acknowledgement.";

type Strength = keyof typeof strengths;

class Panel {
  readonly histogram = new Histogram();
  readonly #picture: SVGSVGElement;
  readonly #latency = element("dd", {}, "–");
  readonly #most = element("dd", {}, "–");
  readonly #rate = element("dd", {}, "–");
  readonly #means = element("dd", {}, "–");
  readonly #note = element("p", { class: "hint" }, noteText);
  #drawn = 0;

  constructor(name: string) {
    this.#picture = newHistogramPicture(`Latencies of ${name}`);
    const counts = element(
      "dl",
      { class: "counts" },
      countRow("Half within", this.#latency),
      countRow("99 % within", this.#most),
      countRow("Records a second, 500 at once", this.#rate),
      countRow("An acknowledgement means", this.#means),
    );
    byId("contestants").append(
      element("section", {}, element("h2", {}, name), counts, this.#picture, this.#note),
    );
    // It is drawn at once, and anew when its width is another one.
    new ResizeObserver(() => drawHistogram(this.#picture, this.histogram)).observe(this.#picture);
  }

  draw(isDue = performance.now() - this.#drawn > drawMs): void {
    if (!isDue) return;
    this.#drawn = performance.now();
    drawHistogram(this.#picture, this.histogram);
    setText(this.#latency, msText(this.histogram.quantile(0.5)));
    setText(this.#most, msText(this.histogram.quantile(0.99)));
  }

  rate(perSecond: number): void {
    setText(this.#rate, counted(perSecond));
  }

  means(durability: Strength): void {
    setText(this.#means, durability);
    setText(this.#note, `${noteText} It means ${strengths[durability]}.`);
  }

  refuse(why: string): void {
    setText(this.#note, why);
  }
}

/** Calls `step` until the time is over. `advance` hears how much of it is. */
async function during(
  ms: number,
  step: () => Promise<void>,
  advance: (share: number) => void,
): Promise<number> {
  const begun = performance.now();
  for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - begun) {
    await step();
    advance(Math.min(1, (performance.now() - begun) / ms));
  }
  return performance.now() - begun;
}

async function measure(
  log: Log,
  panel: Panel,
  name: string,
  advance: (share: number) => void,
): Promise<Result> {
  let durability: Strength = "memory";
  const one = async (): Promise<void> => void ({ durability } = await log.append({ value }));
  await during(warmUpMs, one, () => undefined);
  panel.means(durability);
  const timed = async (): Promise<void> => {
    const begun = performance.now();
    await one();
    panel.histogram.add(performance.now() - begun);
    panel.draw();
  };
  await during(phaseMs, timed, (share) => advance(share / 2));
  panel.draw(true);
  let records = 0;
  const begun = performance.now();
  const many = async (): Promise<void> => {
    await Promise.all(Array.from({ length: atOnce }, () => log.append({ value })));
    records += atOnce;
    panel.rate(Math.round((records / (performance.now() - begun)) * 1000));
  };
  const ms = await during(phaseMs, many, (share) => advance(0.5 + share / 2));
  const perSecond = Math.round((records / ms) * 1000);
  panel.rate(perSecond);
  const { histogram } = panel;
  return { name, halfMs: histogram.quantile(0.5), mostMs: histogram.quantile(0.99), perSecond, durability };
}

async function run(): Promise<void> {
  const start = byId<HTMLButtonElement>("run");
  const progress = byId<HTMLProgressElement>("progress");
  start.disabled = true;
  byId("contestants").replaceChildren();
  byId("result").hidden = true;
  const panels = contestants.map(({ name }) => new Panel(name));
  const results: Result[] = [];
  for (const [index, contestant] of contestants.entries()) {
    const advance = (share: number): void => void (progress.value = (index + share) / contestants.length);
    setText(byId("bench-state"), `Measuring ${contestant.name}…`);
    try {
      results.push(await measureOne(contestant, panels[index]!, advance));
    } catch (error) {
      panels[index]!.refuse(`Not measured: ${reasonOf(error)}`);
    }
    advance(1);
  }
  await removeAll();
  setText(byId("bench-state"), "Done. What it was measured with is removed.");
  byId<HTMLTextAreaElement>("result-text").value = textOf(results);
  byId("result").hidden = false;
  start.disabled = false;
}

async function measureOne(
  { name, open }: Contestant,
  panel: Panel,
  advance: (share: number) => void,
): Promise<Result> {
  const log = await open();
  try {
    return await measure(log, panel, name, advance);
  } finally {
    await log.close();
  }
}

function textOf(results: readonly Result[]): string {
  const rows = results.map(
    ({ name, halfMs, mostMs, perSecond, durability }) =>
      `| ${name} | ${msText(halfMs)} | ${msText(mostMs)} | ${counted(perSecond)} | ${durability} |`,
  );
  return [
    "| walkabout, 100-byte records | half within | 99 % within | records/s, 500 at once | an ack means |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    `${navigator.userAgent}, ${navigator.hardwareConcurrency} cores, ${new Date().toISOString().slice(0, 10)}`,
  ].join("\n");
}

function msText(ms: number): string {
  return ms < 10 ? `${ms.toFixed(2)} ms` : `${Math.round(ms)} ms`;
}

byId("run").addEventListener("click", () => void run());
byId("copy").addEventListener("click", async () => {
  const text = byId<HTMLTextAreaElement>("result-text");
  try {
    await navigator.clipboard.writeText(text.value);
    setText(byId("copied"), "Copied.");
  } catch {
    text.select();
    setText(byId("copied"), "It is selected: copy it with the keyboard.");
  }
});

function countRow(title: string, says: HTMLElement): HTMLElement {
  return element("div", {}, element("dt", {}, title), says);
}
