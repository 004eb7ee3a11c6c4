/** The map of a log, drawn to scale, and the batch that is chosen on it: with a pointer, or with the arrow keys. */
import { bytesText, element, plural } from "./dom.ts";
import { lineHeight, MapLayout } from "./map-layout.ts";
import type { Item, SegmentBytes } from "./segment-bytes.ts";

export type MarkKind = "torn" | "corrupt" | "superseded";

/** A stretch of bytes of which something was said. */
export interface Mark {
  readonly segment: string;
  readonly from: number;
  readonly to: number;
  readonly kind: MarkKind;
}

export interface Choice {
  readonly segment: SegmentBytes;
  readonly item: Item;
}

const linesWide = 24;
const linesNarrow = 16;
const narrow = 520;
/** What was said of a stretch of bytes is seen, however short that is. */
const markWidthMin = 3;

export class LogMap {
  readonly #canvas = element("canvas", {
    tabindex: "0",
    role: "slider",
    "aria-label": "Batches of the log. The arrow keys go from one to the next.",
    "aria-orientation": "horizontal",
  });
  readonly #holder: HTMLElement;
  readonly #chosen: (choice: Choice | undefined) => void;
  #segments: readonly SegmentBytes[] = [];
  #marks: readonly Mark[] = [];
  #layout = new MapLayout([], 1, 1);
  #choice: { readonly segment: string; readonly from: number } | undefined;

  constructor(holder: HTMLElement, chosen: (choice: Choice | undefined) => void) {
    this.#holder = holder;
    this.#chosen = chosen;
    holder.append(this.#canvas);
    this.#canvas.addEventListener("click", ({ offsetX, offsetY }) => this.#point(offsetX, offsetY));
    this.#canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#draw()).observe(holder);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  get bytesPerLine(): number {
    return this.#layout.bytesPerLine;
  }

  show(segments: readonly SegmentBytes[], marks: readonly Mark[] = []): void {
    this.#segments = segments;
    this.#marks = marks;
    this.#draw();
  }

  /** Chooses the batch that lies `step` behind the chosen one, or the last one. */
  move(step: number): void {
    const batches = this.#batches();
    const index = batches.findIndex((each) => this.#isChosen(each));
    const next = index < 0 ? batches.length - 1 : Math.min(Math.max(index + step, 0), batches.length - 1);
    this.#choose(batches[next]);
  }

  /** Chooses the batch at a place, if there is one. */
  choose(segment: string, position: number): void {
    this.#choose(
      this.#batches().find((each) => each.segment.name === segment && covers(each.item, position)),
    );
  }

  chooseFirst(kind: Item["kind"]): void {
    this.#choose(this.#batches().find(({ item }) => item.kind === kind));
  }

  forget(): void {
    this.#choose(undefined);
  }

  #batches(): Choice[] {
    return this.#segments.flatMap((segment) =>
      segment.items.filter(({ header }) => header !== undefined).map((item) => ({ segment, item })),
    );
  }

  #isChosen({ segment, item }: Choice): boolean {
    return segment.name === this.#choice?.segment && item.from === this.#choice.from;
  }

  #choose(choice: Choice | undefined): void {
    this.#choice = choice && { segment: choice.segment.name, from: choice.item.from };
    this.#draw();
    this.#chosen(choice);
  }

  #point(x: number, y: number): void {
    const place = this.#layout.at(x, y);
    const segment = place && this.#segments[place.index];
    if (place === undefined || segment === undefined) return;
    const distance = ({ from, to }: Item): number =>
      Math.max(from - place.position, place.position - to + 1, 0);
    const [nearest] = segment.items
      .filter(({ header }) => header !== undefined)
      .toSorted((a, b) => distance(a) - distance(b));
    if (nearest !== undefined) this.#choose({ segment, item: nearest });
  }

  #key(event: KeyboardEvent): void {
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: 10,
      ArrowUp: -10,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.move(step);
  }

  #draw(): void {
    const width = Math.floor(this.#holder.clientWidth);
    if (width === 0) return;
    const strips = this.#segments.map(({ name, length, end }) => ({ name, bytes: Math.max(length, end, 1) }));
    const wasAtEnd = this.#holder.scrollTop + this.#holder.clientHeight >= this.#holder.scrollHeight - 24;
    this.#layout = new MapLayout(strips, width, width < narrow ? linesNarrow : linesWide);
    const { height } = this.#layout;
    const scale = window.devicePixelRatio;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
    const pen = this.#canvas.getContext("2d");
    if (pen === null) return;
    pen.scale(scale, scale);
    const colours = getComputedStyle(this.#holder);
    const colour = (name: string): string => colours.getPropertyValue(`--${name}`);
    for (const [index, segment] of this.#segments.entries()) this.#drawSegment(pen, colour, index, segment);
    this.#describe();
    if (wasAtEnd) this.#holder.scrollTop = this.#holder.scrollHeight;
  }

  #drawSegment(
    pen: CanvasRenderingContext2D,
    colour: (name: string) => string,
    index: number,
    segment: SegmentBytes,
  ): void {
    const fill = (from: number, to: number, name: string, alpha = 1, widthMin = 0): void => {
      pen.fillStyle = colour(name);
      pen.globalAlpha = alpha;
      for (const { x, y, width, height } of this.#layout.boxesOf(index, from, to)) {
        const left = Math.min(x, this.#layout.width - widthMin);
        pen.fillRect(left, y, Math.max(width > 4 ? width - 1 : width, widthMin), height);
      }
      pen.globalAlpha = 1;
    };
    pen.font = `11px ${colour("mono")}`;
    pen.fillStyle = colour("quiet");
    const epoch = segment.epoch === undefined ? "" : `  epoch ${segment.epoch}`;
    pen.fillText(`${segment.name}${epoch}  ${bytesText(segment.end)}`, 0, this.#layout.labelOf(index));
    for (const item of segment.items) {
      const isFlushed = item.to <= segment.flushed;
      fill(item.from, item.to, colourOf(item), isFlushed || item.kind === "rest" ? 1 : 0.55);
    }
    if (segment.flushed > 0) this.#drawWatermark(pen, colour("durable"), index, segment.flushed);
    for (const mark of this.#marks) {
      if (mark.segment === segment.name)
        fill(mark.from, Math.max(mark.to, mark.from + 1), mark.kind, 1, markWidthMin);
    }
    const chosen = segment.items.find(
      ({ from }) => segment.name === this.#choice?.segment && from === this.#choice.from,
    );
    if (chosen === undefined) return;
    pen.strokeStyle = colour("ink");
    pen.lineWidth = 2;
    // Around it, so that a small one is still seen.
    for (const { x, y, width } of this.#layout.boxesOf(index, chosen.from, chosen.to)) {
      pen.strokeRect(x - 1, y - 0.5, Math.max(width + 1, 4), lineHeight + 1);
    }
  }

  #drawWatermark(pen: CanvasRenderingContext2D, colour: string, index: number, position: number): void {
    const [box] = this.#layout.boxesOf(index, Math.max(0, position - 1), position);
    if (box === undefined) return;
    const x = Math.min(box.x + box.width, this.#layout.width - 2);
    pen.fillStyle = colour;
    pen.fillRect(x - 1, box.y - 2, 3, lineHeight + 4);
    pen.beginPath();
    pen.arc(x + 0.5, box.y - 2, 3, 0, Math.PI * 2);
    pen.fill();
  }

  #describe(): void {
    const batches = this.#batches();
    const index = batches.findIndex((each) => this.#isChosen(each));
    const says: Record<string, string> = {
      "aria-valuemin": "0",
      "aria-valuemax": String(batches.length),
      "aria-valuenow": String(index + 1),
      "aria-valuetext":
        index < 0
          ? `${plural(batches.length, "batch", "batches")}, none chosen`
          : `batch ${index + 1} of ${batches.length}, at ${batches[index]!.item.from} of ${batches[index]!.segment.name}`,
    };
    for (const [name, value] of Object.entries(says)) {
      if (this.#canvas.getAttribute(name) !== value) this.#canvas.setAttribute(name, value);
    }
  }
}

function covers({ from, to }: Item, position: number): boolean {
  return position >= from && position < to;
}

function colourOf({ kind, orders, settled }: Item): string {
  return kind === "records" && settled >= orders ? "settled" : kind;
}
