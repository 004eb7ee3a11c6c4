/** The second column: the map of the live log, or of a copy that had an accident, and the chosen batch. */
import type { Accident, Outcome } from "./damage.ts";
import { bytesText, byId, counted, plural, setText } from "./dom.ts";
import type { LogBytes } from "./log-bytes.ts";
import { type Choice, LogMap, type Mark } from "./map.ts";
import type { Autopsy } from "./kill.ts";
import type { Queue } from "./queue.ts";
import { reasonOf } from "../../src/errors.ts";

const intervalMs = 120;

const titles: Record<Accident, string> = {
  tear: "A copy with a torn tail",
  flip: "A copy with a flipped bit",
  fail: "A copy whose disk failed a flush",
};

export class LogView {
  readonly #queue: Queue;
  readonly #map: LogMap;
  #copy: Outcome | undefined;
  #isDue = false;
  #wasChosen = false;

  constructor(queue: Queue) {
    this.#queue = queue;
    this.#map = new LogMap(byId("map"), (choice) => {
      this.#wasChosen = true;
      void this.#showBatch(choice);
    });
    byId("live").addEventListener("click", () => this.#showCopy(undefined));
  }

  /** Looks at the bytes soon. */
  changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setTimeout(() => void this.#look(), intervalMs);
  }

  async showAutopsy(autopsy: Autopsy): Promise<void> {
    const { autopsyView } = await import("./report-view.ts");
    byId("report").replaceChildren(...autopsyView(autopsy));
  }

  async #look(): Promise<void> {
    const { bytes } = this.#queue;
    if (bytes.isStale) await bytes.refresh();
    this.#isDue = false;
    if (this.#copy === undefined) this.#show(bytes, []);
    if (bytes.isStale) this.changed();
  }

  #show(bytes: LogBytes, marks: readonly Mark[]): void {
    const { segments } = bytes;
    this.#map.show(segments, marks);
    const last = segments.at(-1);
    if (last === undefined) return;
    // The first batch of orders shows by itself what can be seen here.
    if (!this.#wasChosen && segments.some(({ items }) => items.some(({ kind }) => kind === "records"))) {
      this.#wasChosen = true;
      this.#map.chooseFirst("records");
    }
    setText(
      byId("map-caption"),
      `${plural(segments.length, "segment")}, ${bytesText(bytes.bytes)}; flushed up to byte ${counted(last.flushed)} of the last one. ` +
        `One line is ${bytesText(this.#map.bytesPerLine)}.`,
    );
  }

  /** An accident on a copy of the bytes, and what is said of it. */
  async cause(accident: Accident): Promise<void> {
    const report = byId("report");
    try {
      const [{ cause }, { outcomeView }] = await Promise.all([
        import("./damage.ts"),
        import("./report-view.ts"),
      ]);
      const { bytes, address } = this.#queue;
      if (bytes.isStale) await bytes.refresh();
      const outcome = await cause(accident, bytes, address);
      this.#showCopy(outcome);
      report.replaceChildren(...outcomeView(outcome));
      report.scrollIntoView({ block: "nearest" });
      if (outcome.look !== undefined) this.#map.choose(outcome.look.segment, outcome.look.position);
    } catch (error) {
      setText(report, `No copy could be made: ${reasonOf(error)}`);
    }
  }

  #showCopy(outcome: Outcome | undefined): void {
    this.#copy = outcome;
    this.#map.forget();
    byId("copy-note").hidden = outcome === undefined;
    byId("log").dataset["shows"] = outcome === undefined ? "live" : "copy";
    if (outcome === undefined) {
      byId("report").replaceChildren();
      this.#show(this.#queue.bytes, []);
      return;
    }
    setText(byId("copy-title"), titles[outcome.accident]);
    this.#show(outcome.bytes, outcome.marks);
  }

  async #showBatch(choice: Choice | undefined): Promise<void> {
    const holder = byId("batch");
    if (choice === undefined) {
      holder.replaceChildren();
      return;
    }
    const { batchView } = await import("./batch-view.ts");
    holder.replaceChildren(...batchView(choice));
  }
}
