/**
 * The status page: one document without scripts, images or anything from elsewhere. All values are text, whatever is in
 * them.
 */
import { createHash } from "node:crypto";
import { bytesText, countText, numberText, rangeText } from "../text.ts";
import type { LogStatus, Shown, Status } from "./status.ts";

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem } dd { margin: 0 } dt, th { opacity: .7 }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
th, td { text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top; overflow-wrap: anywhere }
th:nth-child(1) { width: 6rem } th:nth-child(2) { width: 14rem } th:nth-child(3) { width: 9rem }
code, td { font-family: ui-monospace, monospace; font-size: .9em } .bad { color: #c33 }
`;

const styleHash = createHash("sha256").update(style).digest("base64");

/** Nothing is loaded, run, framed or sent. */
export const policy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function pageOf({ version, pid, folder, since, logs }: Status): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="2">
<title>walkabout</title>
<style>${style}</style>
</head>
<body>
<h1>walkabout serves ${escaped(folder)}</h1>
<p>Version ${escaped(version)}, process ${pid}, since ${escaped(since)}. The same as JSON: <a href="/status.json">/status.json</a></p>
${logs.map(sectionOf).join("\n")}
</body>
</html>
`;
}

function sectionOf(log: LogStatus): string {
  const { first, next, segments, bytes, answers, flushFailures, lastError } = log;
  const held =
    first === next
      ? `none, the next offset is ${next}`
      : `${numberText(next - first)}: ${rangeText(first, next)}`;
  const told = Object.entries(answers).map(([status, count]) => `${numberText(count)} × ${status}`);
  const rows: [string, string][] = [
    ["records", held],
    ["on disk", `${countText(segments, "segment")}, ${bytesText(bytes)}`],
    ["when opened", log.recovery],
    ["answers", told.join(", ") || "none yet"],
  ];
  const bad: [string, string][] = [];
  if (flushFailures > 0) bad.push(["failed flushes", numberText(flushFailures)]);
  if (lastError !== null) bad.push(["last error", lastError]);
  return `<h2>${escaped(log.topic)}</h2>
<p>Batches are posted to <code>${escaped(log.post)}</code> and kept in <code>${escaped(log.log)}</code>.</p>
<dl>${rows.map(([name, value]) => `<dt>${name}</dt><dd>${escaped(value)}</dd>`).join("")}${bad
    .map(([name, value]) => `<dt class="bad">${name}</dt><dd class="bad">${escaped(value)}</dd>`)
    .join("")}</dl>
${latestOf(log.latest)}`;
}

function latestOf(latest: readonly Shown[]): string {
  if (latest.length === 0) return "";
  const rows = latest.map(({ offset, time, key, value }) =>
    [String(offset), time, key ?? "", value].map((cell) => `<td>${escaped(cell)}</td>`).join(""),
  );
  return `<table><thead><tr><th>offset</th><th>time</th><th>key</th><th>value</th></tr></thead>
<tbody>${rows.map((row) => `<tr>${row}</tr>`).join("\n")}</tbody></table>`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
