/** Where a page gets its worker from. The types need nothing of the DOM. */

/** What tells a `Worker` from other things that may be given. */
export interface WorkerLike {
  terminate(): void;
  postMessage(message: unknown): void;
}

/** A worker, where its file is (a `URL`), or how to start it. */
export type WorkerSource = WorkerLike | { readonly href: string } | (() => WorkerLike);
