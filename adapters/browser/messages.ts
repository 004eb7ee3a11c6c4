/**
 * What a page and its worker say to each other: calls on places and files in one direction, answers in the
 * other, as many in one message as came together. Bytes are handed over, not copied.
 */
import type { Durability } from "../../src/storage.ts";
import type { OpfsStorageOptions } from "../opfs/storage.ts";

/** The first message, which the page sends. */
export interface Hello {
  readonly opfs: OpfsStorageOptions;
}

/** The first message of the worker: where it lives, and whether handles can be had there. */
export interface Welcome {
  /** A Web Lock that the worker holds as long as it lives, where there are Web Locks. */
  readonly lifeLock: string | undefined;
  /** Why there are no handles, if there are none. */
  readonly refusal: string | undefined;
}

export type Request =
  | { readonly op: "open"; readonly path: readonly string[]; readonly mode: "write" | "read" }
  | { readonly op: "list" | "giveBack" | "closePlace"; readonly place: number }
  | { readonly op: "openFile" | "create"; readonly place: number; readonly name: string }
  | { readonly op: "remove"; readonly place: number; readonly name: string; readonly reuse: boolean }
  | { readonly op: "size" | "flush" | "closeFile"; readonly file: number }
  | { readonly op: "read"; readonly file: number; readonly position: number; readonly length: number }
  | { readonly op: "write"; readonly file: number; readonly position: number; readonly bytes: Uint8Array }
  | { readonly op: "truncate"; readonly file: number; readonly size: number };

export type Call = Request & { readonly id: number };

export type Value = undefined | number | readonly string[] | Uint8Array | Durability;

export interface Answer {
  readonly id: number;
  readonly value?: Value;
  readonly error?: Failure;
}

/** An error as it travels. `code` is that of a `WalError`. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code?: string | undefined;
}
