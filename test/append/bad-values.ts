/**
 * Tables of values that are wrong, by the name that the error must mention: of options, of the fields of a
 * record, and of a producer. What is done with them is up to the tests.
 */
type Kind = typeof TypeError | typeof RangeError;
/** What is named in the message, what is given, and what is thrown. */
export type Bad = readonly [name: string, value: unknown, kind: Kind];

const lone = "broken \ud800 text";

/** Numbers that are wrong wherever a whole number is asked for. */
export function numbers(name: string, low: number, high?: number): Bad[] {
  return [
    [name, "1", TypeError],
    [name, null, TypeError],
    [name, 1n, TypeError],
    [name, {}, TypeError],
    [name, true, TypeError],
    [name, Number.NaN, RangeError],
    [name, -Infinity, RangeError],
    [name, low + 0.5, RangeError],
    [name, low - 1, RangeError],
    ...(high === undefined
      ? []
      : ([
          [name, high + 1, RangeError],
          [name, Infinity, RangeError],
        ] as Bad[])),
  ];
}

/** `{ a: { b: value } }` for the name `a.b`. */
export function nested(name: string, value: unknown): Record<string, unknown> {
  const [outer, inner] = name.split(".");
  return { [outer!]: inner === undefined ? value : { [inner]: value } };
}

export const badOptions: readonly Bad[] = [
  ["topic", undefined, TypeError],
  ["topic", 7, TypeError],
  ["topic", "", RangeError],
  ["topic", lone, TypeError],
  ["topic", "x".repeat(256), RangeError],
  ["topic", "Ü".repeat(60), RangeError],
  ["storage", undefined, TypeError],
  ["storage", "./data", TypeError],
  ["storage", {}, TypeError],
  ...numbers("partition", 0, 2 ** 32 - 1),
  ...numbers("segment.maxBytes", 1, 2 ** 30),
  ...numbers("segment.maxAgeMs", 1),
  ...numbers("retention.maxBytes", 0),
  ...numbers("retention.maxAgeMs", 0),
  ...numbers("maxPendingBytes", 1, Number.MAX_SAFE_INTEGER),
  ...numbers("maxBatchBytes", 64, 2 ** 28),
  ...numbers("maxProducers", 1, 100_000),
  ...numbers("lockWaitMs", 0),
  ["durability", "none", TypeError],
  ["durability", true, TypeError],
  ["segment", 64, TypeError],
  ["segment", "64 MiB", TypeError],
  ["retention", 3_600_000, TypeError],
  ["retention", "1 hour", TypeError],
  ["signal", "stop", TypeError],
  ["signal", {}, TypeError],
];

export const badRecords: readonly Bad[] = [
  ["key", 7, TypeError],
  ["key", null, TypeError],
  ["key", [1, 2], TypeError],
  ["key", new ArrayBuffer(4), TypeError],
  ["key", new Uint16Array(4), TypeError],
  ["key", lone, TypeError],
  ["value", 7, TypeError],
  ["value", null, TypeError],
  ["value", { a: 1 }, TypeError],
  ["value", new DataView(new ArrayBuffer(4)), TypeError],
  ["value", lone, TypeError],
  ["headers", null, TypeError],
  ["headers", "a=1", TypeError],
  ["headers", [["a", "1"]], TypeError],
  ["headers", new Map([["a", "1"]]), TypeError],
  ["header", { header: 7 }, TypeError],
  ["header", { header: undefined }, TypeError],
  ["header", { header: lone }, TypeError],
  ["header", { [lone]: "header" }, TypeError],
  ...numbers("timestamp", 0, Number.MAX_SAFE_INTEGER),
  ...numbers("kind", 0, 127),
];

export const badProducers: readonly Bad[] = [
  ["producer", null, TypeError],
  ["producer", "p", TypeError],
  ["producer.id", { epoch: 0, sequence: 0 }, TypeError],
  ["producer.id", { id: 7, epoch: 0, sequence: 0 }, TypeError],
  ["producer.id", { id: "", epoch: 0, sequence: 0 }, RangeError],
  ["producer.id", { id: "ü".repeat(128), epoch: 0, sequence: 0 }, RangeError],
  ["producer.id", { id: lone, epoch: 0, sequence: 0 }, TypeError],
  ...numbers("producer.epoch", 0, Number.MAX_SAFE_INTEGER).map(([name, epoch, kind]): Bad => [
    name,
    { id: "p", epoch, sequence: 0 },
    kind,
  ]),
  ...numbers("producer.sequence", 0, Number.MAX_SAFE_INTEGER).map(([name, sequence, kind]): Bad => [
    name,
    { id: "p", epoch: 0, sequence },
    kind,
  ]),
];

/** What is wrong with how a call was refused, if anything. */
export async function complaint([name, value, kind]: Bad, call: () => unknown): Promise<string[]> {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part));
  const told = `${name}: ${text ?? String(value)}`;
  try {
    await call();
    return [`${told} was taken`];
  } catch (error) {
    const isRight = error instanceof kind && error.message.includes(name);
    return isRight ? [] : [`${told} threw ${String(error)}`];
  }
}
