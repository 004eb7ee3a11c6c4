/** The report as Markdown, without its plots. */

export function markdownOf({ title, intro, sections }) {
  const parts = [`# ${title}`, ...intro];
  for (const section of sections) {
    parts.push(`## ${section.title}`, ...section.blocks.map(blockText).filter(Boolean));
  }
  return `${parts.join("\n\n")}\n`;
}

function blockText(block) {
  if (block.kind === "text") return block.content;
  if (block.kind === "table") return tableText(block);
  return undefined;
}

function tableText({ columns, rows, caption }) {
  const lines = [columns, columns.map(() => "---"), ...rows.map((row) => cellsOf(row, columns.length))];
  const text = lines.map((cells) => `| ${cells.map(escapeCell).join(" | ")} |`).join("\n");
  return caption === undefined ? text : `### ${caption}\n\n${text}`;
}

function cellsOf(row, count) {
  if (Array.isArray(row)) return row;
  return [row.name, row.reason, ...Array.from({ length: count - 2 }, () => "")];
}

const escapeCell = (cell) => String(cell).replaceAll("|", "\\|").replaceAll("\n", " ");
