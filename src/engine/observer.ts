/**
 * A view of a log that somebody else may be writing. It takes no lock and changes nothing: it
 * looks again whenever it is asked whether something has changed, at growing intervals.
 */
import { Queue } from "../queue.ts";
import type { Storage } from "../storage.ts";
import { Chain } from "./chain.ts";
import { Cuts } from "./cuts.ts";
import type { Files } from "./files.ts";
import type { View } from "./reader.ts";
import { type ChainEntry, type Recovered, recover } from "./recovery.ts";
import { type Identity, readBornSegment, type Segment } from "./segment.ts";
import { controlOf } from "./state.ts";
import { type Boundary, Walker } from "./walker.ts";
import { type Wake, Watchers } from "./watchers.ts";
import { attribute } from "../format/layout.ts";

const pollMsMin = 4;
const pollMsMax = 256;
/** A writer may rotate or remove segments while we look: then we look again. */
const attemptsMax = 8;

export class Observer implements View {
  readonly files: Files;
  readonly identity: Identity;
  readonly storage: Storage;
  readonly #producersMax: number;
  chain: Chain;
  readonly cuts = new Cuts();
  first = 0;
  visible = 0;
  visibleEnd = 0;
  /** The offset below which everything is proven to have been flushed. */
  proven = 0;
  provenEnd = 0;
  closed = false;
  foreign: readonly string[] = [];
  #segment: Segment | undefined;
  visibleChecksum = 0;
  /** Boundaries behind `proven`, which no watermark has reached yet. */
  #unreached = new Queue<Boundary>();
  #names = "";
  readonly #watchers = new Watchers();
  #isPolling = false;

  constructor(storage: Storage, files: Files, identity: Identity, producersMax: number) {
    this.storage = storage;
    this.files = files;
    this.identity = identity;
    this.#producersMax = producersMax;
    this.chain = new Chain(files, identity, []);
  }

  get next(): number {
    return this.visible;
  }

  /** Looks at the whole log. Throws what recovery throws, if it does so again and again. */
  async look(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const names = await this.#listed();
        const recovered = await recover(this.files, this.identity, this.#producersMax);
        const other = this.#replacement(recovered.chain);
        // What was carried into it is what was there before.
        const start = other && (await readBornSegment(this.files, other.name, this.identity)).start;
        const cut = Math.max(other?.base ?? Infinity, start?.carriedNext ?? 0);
        this.#take(recovered, names, cut);
        return;
      } catch (error) {
        if (attempt === attemptsMax) throw error;
        await this.storage.sleep(pollMsMin * attempt);
        await this.#letGo();
      }
    }
  }

  /** Looks for all that is new, also in segments that were begun since. Answers whether there was anything. */
  async renew(): Promise<boolean> {
    const isNew = this.#segment !== undefined && (await this.#walkOn().catch(() => false));
    return (await this.recheck()) || isNew;
  }

  /** Looks for something that is new. Answers whether there was anything. */
  async refresh(): Promise<boolean> {
    if (this.#segment !== undefined && (await this.#walkOn().catch(() => false))) return true;
    return this.recheck();
  }

  async recheck(): Promise<boolean> {
    if ((await this.#listed()) === this.#names) return false;
    await this.#letGo();
    await this.look();
    return true;
  }

  /** Handles may be those of files that were removed since. One that will not close is no harm. */
  async #letGo(): Promise<void> {
    await this.files.closeAll().catch(() => undefined);
  }

  watch(wake: Wake): () => void {
    const unwatch = this.#watchers.add(wake);
    if (!this.#isPolling) void this.#poll();
    return unwatch;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#watchers.wake();
    await this.files.end();
  }

  /** Looks again and again, for as long as somebody waits. */
  async #poll(): Promise<void> {
    this.#isPolling = true;
    for (let ms = pollMsMin; !this.#watchers.isEmpty; ms = Math.min(ms * 2, pollMsMax)) {
      try {
        if (await this.refresh()) this.#watchers.wake();
        else await this.storage.sleep(ms);
      } catch (error) {
        this.#watchers.wake(error);
      }
    }
    this.#isPolling = false;
  }

  async #listed(): Promise<string> {
    return (await this.files.list()).toSorted().join("/");
  }

  /** The first segment that is new, if it takes the place of something that was seen. */
  #replacement(chain: readonly ChainEntry[]): ChainEntry | undefined {
    return chain.find(({ name, base }) => base < this.visible && !this.chain.has(name, base));
  }

  #take({ chain, tail, foreign, unborn }: Recovered, names: string, cut: number): void {
    const before = this.chain;
    this.chain = new Chain(this.files, this.identity, chain);
    this.chain.version = before.version + 1;
    if (cut < this.visible) this.cuts.add(this.chain.version, cut);
    // A segment that is being created will be complete without another name.
    this.#names = unborn.length > 0 ? "" : names;
    this.foreign = foreign;
    this.#segment = tail?.segment;
    if (tail === undefined) return;
    this.first = tail.state.first;
    this.visible = tail.end.offset;
    this.visibleEnd = tail.end.position;
    this.visibleChecksum = tail.end.checksum;
    this.proven = tail.vouched.offset;
    this.provenEnd = tail.vouched.position;
    this.#unreached = new Queue(tail.end);
  }

  /** Walks on behind the last valid batch of the last segment. */
  async #walkOn(): Promise<boolean> {
    const { name, epoch } = this.#segment!;
    const from = { position: this.visibleEnd, offset: this.visible, checksum: this.visibleChecksum };
    const walker = new Walker(this.files, { name, epoch, from, chunkBytes: 64 * 1024 });
    const fileEnd = await this.files.size(name);
    let moved = false;
    for (;;) {
      const batch = await walker.next(fileEnd);
      if (typeof batch === "string") return moved;
      const control = batch.header.attributes & attribute.control ? controlOf(batch) : undefined;
      if (control?.kind === "close") {
        // It is cut off before the log is written to again, so there is nothing to see behind it.
        const news = this.proven < this.visible;
        this.proven = this.visible;
        this.provenEnd = this.visibleEnd;
        return moved || news;
      }
      moved = true;
      if (control?.kind === "first") this.first = Math.max(this.first, control.first);
      const { position, offset, checksum } = walker.boundary;
      this.visible = offset;
      this.visibleEnd = position;
      this.visibleChecksum = checksum;
      this.#unreached.add(walker.boundary);
      const { watermark } = batch.header;
      while ((this.#unreached.first?.position ?? Infinity) <= watermark) {
        const reached = this.#unreached.take();
        this.proven = reached.offset;
        this.provenEnd = reached.position;
      }
    }
  }
}
