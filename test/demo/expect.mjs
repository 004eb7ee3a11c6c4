/** What has to hold at once, and what has to come to pass. */

export async function until(ask_, what, msMax = 15_000) {
  const begun = performance.now();
  for (;;) {
    const answer = await ask_();
    if (answer) return answer;
    if (performance.now() - begun > msMax) throw new Error(`it never came to pass that ${what}`);
    await new Promise((wake) => setTimeout(wake, 30));
  }
}

export function expect(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}
