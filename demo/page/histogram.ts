/** Durations, counted in classes that grow by a fifth, and their picture. */

const smallestMs = 0.02;
const growth = 1.2;
const classesMax = 72;

export class Histogram {
  readonly counts = Array.from({ length: classesMax }, () => 0);
  total = 0;

  add(ms: number): void {
    const index = Math.floor(Math.log(Math.max(ms, smallestMs) / smallestMs) / Math.log(growth));
    this.counts[Math.min(index, classesMax - 1)]!++;
    this.total++;
  }

  /** The upper end of the class in which this share of all lies, in ms. */
  quantile(share: number): number {
    let left = Math.ceil(this.total * share);
    for (const [index, count] of this.counts.entries()) {
      left -= count;
      if (left <= 0) return upperOf(index);
    }
    return 0;
  }
}

function upperOf(index: number): number {
  return smallestMs * growth ** (index + 1);
}

/** Until it is known how wide the picture is. */
const usualWidth = 480;
const height = 150;
const floor = height - 20;
const marks = [0.1, 1, 10, 100, 1000];
const space = "http://www.w3.org/2000/svg";

/** Draws it into an `svg`, anew each time and as wide as that is, so that letters have the size of those around it. */
export function drawHistogram(target: SVGSVGElement, histogram: Histogram): void {
  const width = target.clientWidth || usualWidth;
  target.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const xOf = (ms: number): number => (Math.log(ms / smallestMs) / Math.log(growth) / classesMax) * width;
  const nodes: SVGElement[] = [];
  const column = width / classesMax;
  const most = Math.max(1, ...histogram.counts);
  for (const [index, count] of histogram.counts.entries()) {
    if (count === 0) continue;
    const tall = Math.max(2, (count / most) * (floor - 14));
    nodes.push(shape("rect", { x: index * column, y: floor - tall, width: column - 1, height: tall }));
  }
  nodes.push(shape("line", { x1: 0, y1: floor, x2: width, y2: floor }));
  for (const ms of marks) {
    const x = xOf(ms);
    nodes.push(shape("line", { x1: x, y1: floor, x2: x, y2: floor + 4 }));
    nodes.push(shape("text", { x: x + 3, y: height - 4 }, ms < 1000 ? `${ms} ms` : "1 s"));
  }
  if (histogram.total > 0) {
    const x = xOf(histogram.quantile(0.5));
    nodes.push(shape("line", { x1: x, y1: 4, x2: x, y2: floor, class: "half" }));
    nodes.push(shape("text", { x: x + 4, y: 12 }, "half are faster"));
  }
  target.replaceChildren(...nodes);
}

export function newHistogramPicture(label: string): SVGSVGElement {
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "histogram");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  return svg;
}

function shape(name: string, attributes: Readonly<Record<string, string | number>>, text = ""): SVGElement {
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, typeof value === "number" ? String(Math.round(value * 10) / 10) : value);
  }
  made.textContent = text;
  return made;
}
