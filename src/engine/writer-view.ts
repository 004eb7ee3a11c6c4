/** How readers see the log of this process: everything durable, and nothing else. */
import type { Core } from "./core.ts";
import type { Intake } from "./intake.ts";
import type { View } from "./reader.ts";

export function viewOf(core: Core, intake: Intake, isClosed: () => boolean): View {
  return {
    storage: core.storage,
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
    watch: (wake) => core.watchers.add(wake),
    recheck: () => Promise.resolve(false),
  };
}
