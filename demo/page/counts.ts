/** What this tab has counted, kept across a reload. It is a picture of the past: the log alone says what is pending. */

export interface Counts {
  readonly acknowledged: number;
  readonly delivered: number;
}

const key = "counts";

export function rememberedCounts(): Counts {
  const [acknowledged, delivered] = (sessionStorage.getItem(key) ?? "").split(" ").map(Number);
  return { acknowledged: acknowledged || 0, delivered: delivered || 0 };
}

/** Asks for the counts when the page is left. */
export function rememberCounts(counts: () => Counts): void {
  addEventListener("pagehide", () => {
    const { acknowledged, delivered } = counts();
    sessionStorage.setItem(key, `${acknowledged} ${delivered}`);
  });
}
