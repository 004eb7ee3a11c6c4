/** How readers see the log of this process: everything durable, and nothing else. */
import type { Core } from "./core.ts";
import type { Intake } from "./intake.ts";
import type { View } from "./reader.ts";

export function viewOf(core: Core, intake: Intake, isClosed: () => boolean): View {
  return {
    files: core.files,
    identity: core.identity,
    chain: core.chain,
    cuts: core.cuts,
    get first() {
      return core.first;
    },
    get next() {
      return intake.next;
    },
    get visible() {
      return core.durable;
    },
    get visibleEnd() {
      return core.active.flushedEnd;
    },
    get visibleChecksum() {
      return core.active.flushedChecksum;
    },
    get provenEnd() {
      return core.active.flushedEnd;
    },
    get closed() {
      return isClosed();
    },
    changed: () => core.changed(),
    recheck: () => Promise.resolve(false),
  };
}
