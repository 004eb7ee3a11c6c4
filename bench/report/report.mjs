/**
 * Writes the report in both its forms. By itself it makes one again from figures that were kept:
 *
 *     node bench/report/report.mjs .tmp/bench/figures.json [folder]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { documentOf } from "./document.mjs";
import { markdownOf } from "./markdown.mjs";
import { pageOf } from "./page.mjs";

/** Answers the Markdown. */
export function writeReport(figures, folder) {
  const document = documentOf(figures);
  const markdown = markdownOf(document);
  writeFileSync(join(folder, "RESULTS.md"), markdown);
  writeFileSync(join(folder, "report.html"), pageOf(document));
  return markdown;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, folder = dirname(file)] = process.argv.slice(2);
  writeReport(JSON.parse(readFileSync(file, "utf8")), folder);
}
