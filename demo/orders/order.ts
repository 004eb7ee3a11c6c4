/**
 * What travels from the page to the server: orders. Each says which tab placed it and which one of that tab and
 * customer it is, so that whoever has the log can tell whether one is missing, there twice, or out of order.
 */

export interface Order {
  readonly item: string;
  readonly quantity: number;
  /** Names the stay of a tab: letters, digits, `-` or `_`. */
  readonly tab: string;
  /** Counts the orders of this tab for this customer, from 1. */
  readonly number: number;
  /** The highest number of this tab and customer that the outbox had acknowledged when this one was placed; 0 for none. */
  readonly after: number;
}

export const limits = {
  customerChars: 40,
  itemChars: 120,
  /** More of one item is refused by the server: the order becomes a dead letter. */
  quantity: 999,
  /** What the form lets through, so that the refusal can be seen. */
  formQuantity: 9999,
} as const;

/** `undefined` for a value that is no order. Nobody is trusted to have sent one. */
export function readOrder(value: Uint8Array): Order | undefined {
  if (value.length > 4096) return undefined;
  let given: unknown;
  try {
    given = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(value));
  } catch {
    return undefined;
  }
  if (typeof given !== "object" || given === null) return undefined;
  const { item, quantity, tab, number, after } = given as Record<string, unknown>;
  const isOrder =
    typeof item === "string" &&
    item.length <= limits.itemChars &&
    isCount(quantity) &&
    typeof tab === "string" &&
    /^[\w-]{1,40}$/.test(tab) &&
    isCount(number) &&
    number >= 1 &&
    isCount(after) &&
    after < number;
  return isOrder ? { item, quantity, tab, number, after } : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
