/** Tells the server of tests what happens here, in the order in which it happens. */

const parameters = new URLSearchParams(globalThis.location.search);

/** What the address of this page or worker asks for. */
export function parameter(name: string): string {
  const value = parameters.get(name);
  if (value === null) throw new Error(`the address lacks ${name}`);
  return value;
}

export function hasParameter(name: string): boolean {
  return parameters.has(name);
}

let last: Promise<unknown> = Promise.resolve();

/** Resolves when the server has it. */
export function report(message: object): Promise<void> {
  const sent = last.then(() => post(`/report?run=${parameter("run")}`, JSON.stringify(message)));
  last = sent.catch(() => undefined);
  return sent;
}

async function post(url: string, body: string): Promise<void> {
  const response = await fetch(url, { method: "POST", body });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
}

/** Runs `work` and reports what it threw. */
export async function reporting(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await report({ type: "error", message: describe(error) });
  }
  await report({ type: "end" });
}

export function describe(error: unknown): string {
  if (!(error instanceof Error) && !(error instanceof DOMException)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
  const cause = error instanceof Error && error.cause !== undefined ? `; ${describe(error.cause)}` : "";
  return `${error.name}${code}: ${error.message}${cause}\n${error.stack ?? ""}`;
}
