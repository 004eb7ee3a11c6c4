/**
 * Plots as SVG for a page. They are drawn narrow, so that they can be read on a phone, and take their colours from the
 * page's style: a series is of the class `s0`, `s1`, …
 */
import { escapeHtml, numberText } from "./text.mjs";

const width = 380;
const labelWidth = 132;
const valueWidth = 44;
const barHeight = 15;

const n = (value) => Number(value.toFixed(1));
const text = (x, y, content, extra = "") =>
  `<text x="${n(x)}" y="${n(y)}" ${extra}>${escapeHtml(content)}</text>`;
const line = (x1, y1, x2, y2, className) =>
  `<line x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}" class="${className}"/>`;

function svg(height, title, parts) {
  return `<svg viewBox="0 0 ${width} ${n(height)}" role="img" aria-label="${escapeHtml(title)}">${parts.join("")}</svg>`;
}

/**
 * Horizontal bars with a whisker from the lowest to the highest round. `rows` have a label, a median, low and high, and
 * perhaps a class; `mark` draws a line at a value that all are compared with.
 */
export function barPlot({ title, rows, mark }) {
  const left = labelWidth;
  const right = width - valueWidth;
  const most = Math.max(...rows.map(({ high }) => high), mark ?? 0, Number.MIN_VALUE);
  const x = (value) => left + ((right - left) * Math.min(value, most)) / most;
  const parts = rows.flatMap(({ label, median, low, high, className = "" }, index) => {
    const y = 4 + index * barHeight;
    const middle = y + barHeight / 2;
    return [
      text(left - 6, middle + 3.5, label, 'text-anchor="end"'),
      `<rect x="${left}" y="${n(y + 2)}" width="${n(x(median) - left)}" height="${barHeight - 4}" rx="1.5" class="bar ${className}"/>`,
      line(x(low), middle, x(high), middle, "whisker"),
      text(right + 5, middle + 3.5, numberText(median), 'class="value"'),
    ];
  });
  const height = rows.length * barHeight + 8;
  if (mark !== undefined) parts.push(line(x(mark), 2, x(mark), height - 2, "mark"));
  return svg(height, title, parts);
}

const frame = { left: 40, right: width - 10, top: 8, height: 190 };
const legendHeight = 15;

/**
 * Curves of named series. An axis has ticks (`[value, label]`), `from` and `to`, and is logarithmic if it says so.
 */
export function linePlot({ title, series, xAxis, yAxis }) {
  const bottom = frame.top + frame.height;
  const x = scaleOf(xAxis, frame.left, frame.right);
  const y = scaleOf(yAxis, bottom, frame.top);
  const parts = [];
  for (const [value, label] of yAxis.ticks) {
    parts.push(line(frame.left, y(value), frame.right, y(value), "grid"));
    parts.push(text(frame.left - 5, y(value) + 3.5, label, 'text-anchor="end"'));
  }
  for (const [value, label] of xAxis.ticks) {
    const anchor = value === xAxis.to ? "end" : value === xAxis.from ? "start" : "middle";
    parts.push(line(x(value), frame.top, x(value), bottom, "grid"));
    parts.push(text(x(value), bottom + 13, label, `text-anchor="${anchor}"`));
  }
  parts.push(text((frame.left + frame.right) / 2, bottom + 27, xAxis.title, 'text-anchor="middle"'));
  parts.push(text(frame.left + 4, frame.top + 10, yAxis.title));
  for (const { className, points } of series) {
    const path = points
      .map(([px, py], index) => `${index === 0 ? "M" : "L"}${n(x(px))} ${n(y(py))}`)
      .join("");
    parts.push(`<path d="${path}" class="curve ${className}"/>`);
    for (const [px, py] of points.length > 12 ? [] : points) {
      parts.push(`<circle cx="${n(x(px))}" cy="${n(y(py))}" r="2" class="dot ${className}"/>`);
    }
  }
  const legendTop = bottom + 38;
  for (const [index, { name, className }] of series.entries()) {
    const left = index % 2 === 0 ? frame.left : (frame.left + frame.right) / 2 + 5;
    const middle = legendTop + Math.floor(index / 2) * legendHeight;
    parts.push(
      line(left, middle, left + 18, middle, `curve ${className}`),
      text(left + 23, middle + 3.5, name),
    );
  }
  return svg(legendTop + Math.ceil(series.length / 2) * legendHeight, title, parts);
}

function scaleOf({ from, to, isLog = false }, start, end) {
  const place = isLog ? Math.log10 : (value) => value;
  const span = place(to) - place(from) || 1;
  return (value) => {
    const part = (place(Math.min(Math.max(value, from), to)) - place(from)) / span;
    return start + part * (end - start);
  };
}

/** Powers of ten around all the values. */
export function logAxis(title, values) {
  const real = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...real, 1)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...real, 1))));
  const powers = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const ticks = powers.map((power) => [
    power,
    power < 1 ? String(Number(power.toPrecision(1))) : numberShort(power),
  ]);
  return { title, ticks, from: 10 ** low, to: 10 ** high, isLog: true };
}

/** From zero to a round number above all the values. */
export function linearAxis(title, values) {
  const most = Math.max(...values, Number.MIN_VALUE);
  const unit = 10 ** Math.floor(Math.log10(most));
  const step = [0.25, 0.5, 1, 2.5].map((part) => part * unit).find((each) => most / each <= 6) ?? unit;
  const count = Math.ceil(most / step);
  const ticks = Array.from({ length: count + 1 }, (_, index) => [index * step, numberShort(index * step)]);
  return { title, ticks, from: 0, to: count * step };
}

function numberShort(value) {
  return Number(value.toPrecision(3)).toLocaleString("en");
}
