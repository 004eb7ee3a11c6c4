/** The report as a page of its own, which asks for nothing else. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { escapeHtml } from "./text.mjs";

const style = readFileSync(join(import.meta.dirname, "page.css"), "utf8");

export function pageOf({ title, intro, sections }) {
  const links = sections.map((section) => `<a href="#${idOf(section)}">${escapeHtml(section.title)}</a>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>walkabout: ${escapeHtml(title)}</title>
<style>
${style}</style>
</head>
<body>
<header>
<h1>walkabout: ${escapeHtml(title)}</h1>
${intro.map(paragraph).join("\n")}
<nav>${links.join(" ")}</nav>
</header>
<main>
${sections.map(sectionHtml).join("\n")}
</main>
</body>
</html>
`;
}

/** A cell of so many characters is never broken into lines. */
const shortCellMax = 14;

const idOf = ({ title }) => title.toLowerCase().replaceAll(/[^a-z]+/g, "-");

function sectionHtml(section) {
  const blocks = section.blocks.map((block) => blockHtml[block.kind](block));
  return `<section id="${idOf(section)}">
<h2>${escapeHtml(section.title)}</h2>
${blocks.join("\n")}
</section>`;
}

const blockHtml = {
  text: ({ content }) => paragraph(content),
  plots: ({ plots }) => `<div class="plots">${plots.map(plotHtml).join("\n")}</div>`,
  table: tableHtml,
};

const plotHtml = ({ title, svg }) => `<figure><figcaption>${escapeHtml(title)}</figcaption>${svg}</figure>`;

function tableHtml({ columns, rows, caption }) {
  const head = columns.map((column) => `<th scope="col">${inline(column)}</th>`).join("");
  const body = rows.map((row) => `<tr>${rowHtml(row, columns.length)}</tr>`).join("\n");
  const table = `<div class="table"><table><thead><tr>${head}</tr></thead>
<tbody>
${body}
</tbody></table></div>`;
  if (caption === undefined) return table;
  return `<details><summary>${escapeHtml(caption)}</summary>${table}</details>`;
}

function rowHtml(row, count) {
  if (!Array.isArray(row)) {
    return `<th scope="row">${inline(row.name)}</th><td class="failed" colspan="${count - 1}">${inline(row.reason)}</td>`;
  }
  const [name, ...cells] = row;
  return `<th scope="row">${inline(name)}</th>${cells.map(cellHtml).join("")}`;
}

function cellHtml(cell) {
  const names = [];
  if (["reached", "missed"].includes(cell)) names.push(cell);
  if (String(cell).length <= shortCellMax) names.push("short");
  return `<td class="${names.join(" ")}">${inline(cell)}</td>`;
}

const paragraph = (content) => `<p>${inline(content)}</p>`;

/** What the texts have of Markdown: code, bold and emphasis. */
function inline(content) {
  return escapeHtml(content)
    .replaceAll(/`([^`]+)`/g, "<code>$1</code>")
    .replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replaceAll(/\*([^*]+)\*/g, "<em>$1</em>");
}
