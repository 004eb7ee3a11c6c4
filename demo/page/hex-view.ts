/** Bytes in hexadecimal under a ruler, with the fields of a batch header told apart. */
import { counted, element } from "./dom.ts";
import type { Field } from "./batch-view.ts";

const perRow = 16;
const bytesMax = 1024;

export interface HexView {
  readonly node: HTMLElement;
  /** Marks the field that begins at this byte, and no other. */
  mark(at: number | undefined): void;
}

export function hexView(bytes: Uint8Array, position: number, fields: readonly Field[]): HexView {
  const shown = bytes.subarray(0, bytesMax);
  const table = element("table", { class: "hex" }, element("caption", {}, "Bytes, in hexadecimal"));
  const ruler = element("tr", {}, element("th", { scope: "col" }, "at"));
  for (let column = 0; column < perRow; column++) {
    ruler.append(element("th", { scope: "col" }, column.toString(16).padStart(2, "0")));
  }
  table.append(element("thead", {}, ruler));
  const body = element("tbody");
  const cells: HTMLTableCellElement[] = [];
  for (let from = 0; from < shown.length; from += perRow) {
    const row = element("tr", {}, element("th", { scope: "row" }, String(position + from)));
    for (let at = from; at < Math.min(from + perRow, shown.length); at++) {
      const index = fields.findIndex((field) => at >= field.at && at < field.at + field.bytes);
      const tone = index < 0 ? "payload" : index % 2 === 0 ? "even" : "odd";
      const cell = element("td", { class: tone }, shown[at]!.toString(16).padStart(2, "0"));
      if (index >= 0) cell.title = fields[index]!.name;
      cells.push(cell);
      row.append(cell);
    }
    body.append(row);
  }
  table.append(body);
  const node = element(
    "div",
    { class: "hex-holder", tabindex: "0", role: "group", "aria-label": "Bytes of the batch" },
    table,
  );
  if (bytes.length > bytesMax) {
    node.append(
      element("p", { class: "hint" }, `The first ${counted(bytesMax)} of ${counted(bytes.length)} bytes.`),
    );
  }
  return {
    node,
    mark(at) {
      const field = fields.find((each) => each.at === at);
      for (const [index, cell] of cells.entries()) {
        const isIn = field !== undefined && index >= field.at && index < field.at + field.bytes;
        cell.classList.toggle("marked", isIn);
      }
    },
  };
}
