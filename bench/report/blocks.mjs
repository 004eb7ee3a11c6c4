/** What a section of the report is made of. A page shows all of it, and Markdown all but the plots. */
import { failedText } from "./text.mjs";

export const text = (content) => ({ kind: "text", content });

/** `rows` are lists of cells, or what `failed` answers. The first column is the name of the row. */
export const table = (columns, rows, caption) => ({ kind: "table", columns, rows, caption });

/** A row without figures. */
export const failed = (name, reason) => ({ name, reason: failedText(reason) });

/** Plots that stand side by side where there is room. */
export const plots = (each) => ({ kind: "plots", plots: each.filter(({ svg }) => svg !== undefined) });

/** A plot under its title. */
export const plot = (title, svg) => ({ title, svg });

/** The colour of a contestant, the same in all plots. */
const order = ["raw", "walkabout", "walkabout-blocking", "better-sqlite3", "classic-level", "lmdb"];
export const classOf = (peer) => `s${order.indexOf(peer) === -1 ? order.length : order.indexOf(peer)}`;
