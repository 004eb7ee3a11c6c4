/** Figures and names as people read them. */

/** Three digits at most, and none behind a hundred. */
export function numberText(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.1 || size === 0) return value.toFixed(2);
  return value.toFixed(3);
}

export function rateText(perSecond) {
  if (!Number.isFinite(perSecond)) return "–";
  if (perSecond >= 1e6) return `${numberText(perSecond / 1e6)} M/s`;
  if (perSecond >= 1e4) return `${numberText(perSecond / 1000)} k/s`;
  return `${numberText(perSecond)}/s`;
}

export const msText = (ms) => (Number.isFinite(ms) ? `${numberText(ms)} ms` : "–");
export const mebibytesText = (bytes) => (Number.isFinite(bytes) ? `${numberText(bytes / 2 ** 20)} MiB` : "–");
export const percentText = (share) => (Number.isFinite(share) ? `${numberText(share * 100)} %` : "–");

/** The middle, and both ends in brackets where they differ. */
export function spreadText({ median, low, high }) {
  const ends = [numberText(low), numberText(high)];
  return ends[0] === ends[1] ? numberText(median) : `${numberText(median)} (${ends.join("–")})`;
}

export const segmentsText = (count) =>
  `${count.toLocaleString("en")} ${count === 1 ? "segment" : "segments"}`;

export const failedText = (reason) => `could not be measured: ${reason}`;

export function escapeHtml(text) {
  return String(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
