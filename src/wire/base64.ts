/** Bytes as text: as they are, where they are UTF-8, and as base64. */

declare const TextDecoder: {
  new (label: string, options: { fatal: boolean; ignoreBOM: boolean }): { decode(bytes: Uint8Array): string };
};
declare const btoa: (binary: string) => string;
declare const atob: (base64: string) => string;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** How many bytes become text in one go. */
const chunkBytes = 8192;

/** The text that has these bytes as its UTF-8, if there is one. */
export function textOrNothing(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function base64Of(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    binary += String.fromCharCode(...bytes.subarray(at, at + chunkBytes));
  }
  return btoa(binary);
}

export function bytesOfBase64(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  } catch {
    return undefined;
  }
}
