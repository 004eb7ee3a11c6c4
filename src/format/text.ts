/**
 * Text to UTF-8 and back, through the two classes that every runtime has. Text that is not
 * well-formed (a lone surrogate) has no UTF-8 and is refused rather than changed.
 */

declare const TextEncoder: {
  new (): {
    encode(text: string): Uint8Array;
    encodeInto(text: string, target: Uint8Array): { read: number; written: number };
  };
};
declare const TextDecoder: {
  new (label: string, options: { fatal: boolean; ignoreBOM: boolean }): { decode(bytes: Uint8Array): string };
};

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Throws a TypeError naming `what` when the text has no UTF-8. */
export function assertWellFormed(text: string, what: string): void {
  // A newer library type knows this method; every runtime this package supports has it.
  if (!(text as string & { isWellFormed(): boolean }).isWellFormed()) {
    throw new TypeError(`${what} holds a lone surrogate, which has no UTF-8`);
  }
}

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Writes the UTF-8 of `text` to the start of `target`, which has room for it, and answers its length. */
export function encodeTextInto(text: string, target: Uint8Array): number {
  return encoder.encodeInto(text, target).written;
}

/** Throws a TypeError when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
