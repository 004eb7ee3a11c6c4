/** One batch: the fields of its header beside its bytes, with a ruler, and its records decoded. */
import type { Control } from "../../src/format/control.ts";
import { attribute, batchHeader, startReason } from "../../src/format/layout.ts";
import type { LogRecord } from "../../src/index.ts";
import { isSound, recordsOf } from "./batch-bytes.ts";
import { bytesText, counted, element, plural } from "./dom.ts";
import { hexView } from "./hex-view.ts";
import type { Choice } from "./map.ts";
import { cursorKind } from "./segment-bytes.ts";
import { needLateStyle } from "./late-style.ts";

/** A field of the header: its bytes, its name, and what it says. */
export interface Field {
  readonly at: number;
  readonly bytes: number;
  readonly name: string;
  readonly says: string;
}

const recordsMax = 50;
const textMax = 200;

export function batchView({ segment, item }: Choice): Node[] {
  const { header, control } = item;
  needLateStyle();
  if (header === undefined) return [];
  const fields = fieldsOf(item);
  const hex = hexView(segment.bytes(item.from, item.to), item.from, fields);
  const table = element("table", { class: "fields-table" }, element("caption", {}, "Header"));
  for (const { at, name, says } of fields) {
    const row = element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      element("td", { class: "at" }, String(at)),
      element("td", {}, says),
    );
    row.addEventListener("pointerenter", () => hex.mark(at));
    row.addEventListener("pointerleave", () => hex.mark(undefined));
    table.append(row);
  }
  const size = bytesText(item.to - item.from);
  const title = `${titleOf(item)}, ${size} at ${counted(item.from)}${isSound(segment, item) ? "" : ": the payload is damaged"}`;
  return [
    element("h3", {}, title),
    element("div", { class: "batch-parts" }, table, hex.node),
    control === undefined
      ? recordList(recordsOf(segment, item), item.orders)
      : element("p", { class: "hint" }, controlText(control)),
  ];
}

function titleOf({ control, header }: Choice["item"]): string {
  if (control !== undefined) return `Control batch: ${control.kind}`;
  const { baseOffset, count } = header!;
  return count === 1
    ? `Batch with offset ${counted(baseOffset)}`
    : `Batch of offsets ${counted(baseOffset)} to ${counted(baseOffset + count - 1)}`;
}

function fieldsOf({ header }: Choice["item"]): Field[] {
  const { at } = batchHeader;
  const { attributes } = header!;
  const flags = [
    attributes & attribute.control ? "control" : "records",
    ...(attributes & attribute.producer ? ["producer"] : []),
  ];
  const rows: [number, number, string, string][] = [
    [at.checksum, 4, "checksum", hexNumber(header!.checksum)],
    [at.length, 4, "length", `${counted(header!.length)} bytes of payload`],
    [at.position, 4, "position", counted(header!.position)],
    [at.epoch, 4, "epoch", String(header!.epoch)],
    [at.baseOffset, 8, "base offset", counted(header!.baseOffset)],
    [at.count, 4, "count", counted(header!.count)],
    [at.attributes, 2, "attributes", flags.join(", ")],
    [at.reserved, 2, "reserved", "0"],
    [at.baseTimestamp, 8, "base time", timeText(header!.baseTimestamp)],
    [at.maxTimestamp, 8, "max time", timeText(header!.maxTimestamp)],
    [at.payloadChecksum, 4, "payload checksum", hexNumber(header!.payloadChecksum)],
    [at.previousChecksum, 4, "previous checksum", hexNumber(header!.previousChecksum)],
    [at.watermark, 4, "watermark", `flushed to ${counted(header!.watermark)} when written`],
    [at.reserved2, 4, "reserved", "0"],
  ];
  return rows.map(([from, bytes, name, says]) => ({ at: from, bytes, name, says }));
}

function recordList(records: readonly LogRecord[], orders: number): HTMLElement {
  const list = element("ol", { class: "records" });
  for (const record of records.slice(0, recordsMax)) list.append(recordItem(record));
  if (records.length > recordsMax) {
    list.append(
      element("li", { class: "more" }, `and ${plural(records.length - recordsMax, "record")} more`),
    );
  }
  const notes = records.length - orders;
  const title = `${plural(orders, "order")}${notes > 0 ? `, ${plural(notes, "note")} of delivery` : ""}`;
  return element("div", {}, element("h4", {}, title), list);
}

function recordItem({ offset, kind, key, value, headers }: LogRecord): HTMLLIElement {
  const parts: (Node | string)[] = [element("b", {}, counted(offset)), " "];
  if (kind === cursorKind) parts.push(element("i", {}, "delivered: "));
  if (key !== undefined) parts.push(element("span", { class: "key" }, shownText(key)), " ");
  parts.push(element("code", {}, shownText(value)));
  for (const [name, each] of Object.entries(headers)) {
    parts.push(" ", element("small", {}, `${name}: ${shownText(each)}`));
  }
  return element("li", {}, ...parts);
}

function controlText(control: Control): string {
  switch (control.kind) {
    case "start": {
      const { link, ordinal, reason } = control;
      const why = Object.entries(startReason).find(([, number]) => number === reason)?.[0] ?? "unknown";
      const linked =
        link === undefined
          ? "It links to nothing."
          : `It continues the segment at offset ${counted(link.base)} of epoch ${link.epoch}, whose valid bytes end at ${counted(link.end)}.`;
      return `Begins segment ${ordinal} of the log. Reason: ${why}. ${linked}`;
    }
    case "seal":
      return `A successor exists: it begins with offset ${counted(control.base)}, in epoch ${control.epoch}.`;
    case "first":
      return `Everything before offset ${counted(control.first)} was delivered, and is truncated away.`;
    case "close":
      return "The log was closed, and everything before was flushed.";
    case "lost":
      return `${plural(control.count, "offset")} could not be salvaged.`;
    default:
      return "A control record that this release does not know.";
  }
}

function shownText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, textMax * 4));
  return text.length > textMax ? `${text.slice(0, textMax)}…` : text;
}

function hexNumber(number: number): string {
  return `0x${number.toString(16).padStart(8, "0")}`;
}

function timeText(timestamp: number): string {
  return timestamp === 0 ? "0" : new Date(timestamp).toISOString().replace("T", " ").replace("Z", "");
}
