/** Medians and their spread. */

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The middle and both ends. */
export function spread(numbers) {
  return { median: median(numbers), low: Math.min(...numbers), high: Math.max(...numbers) };
}

/** Starts from another one on each round, so that nobody always comes behind the same. */
export function inTurn(each, round) {
  return each.map((_, index) => each[(index + round) % each.length]);
}
