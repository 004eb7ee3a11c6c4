/** The page: puts the three columns together. */
import { rememberCounts, rememberedCounts } from "./counts.ts";
import { byId, setText } from "./dom.ts";
import { showFacts } from "./facts.ts";
import type { Accident } from "./damage.ts";
import type { LogView } from "./log-view.ts";
import { Network } from "./network.ts";
import { Orders } from "./orders.ts";
import { Queue } from "./queue.ts";
import { watchServer } from "./server-view.ts";
import { happened, showServerSwitches, showStatus, startTab } from "./tab-view.ts";
import { reasonOf } from "../../src/errors.ts";

const factsMs = 3000;
const statusMs = 80;
/** A log without a record is not longer. */
const emptyBytes = 512;

const network = new Network();
let timer: ReturnType<typeof setTimeout> | undefined;
let dead = 0;

const before = rememberedCounts();
const queue: Queue = new Queue(network, { changed, died, happened }, before.delivered);
const orders = new Orders((record) => queue.push(record), before.acknowledged);
rememberCounts(() => ({ acknowledged: orders.acknowledged, delivered: queue.delivered }));
let log: Promise<LogView> | undefined;

/** The map comes when there is something to draw. */
function logView(): Promise<LogView> {
  return (log ??= import("./log-view.ts").then((loaded) => new loaded.LogView(queue)));
}

function changed(): void {
  if (log !== undefined || orders.acknowledged > 0 || queue.bytes.bytes > emptyBytes) {
    void logView().then((view) => view.changed());
  }
  timer ??= setTimeout(() => {
    timer = undefined;
    showStatus(queue, orders);
    showDead();
  }, statusMs);
}

/** Their number may be the same as before, when one was tried again and came back. */
function died(): void {
  dead = -1;
  changed();
}

function showDead(): void {
  const { outbox } = queue;
  if (outbox === undefined || outbox.status.dead === dead) return;
  dead = outbox.status.dead;
  if (dead > 0 || !byId("letters").hidden) {
    import("./letters.ts").then(({ showLetters }) => showLetters(outbox)).catch(() => (dead = -1));
  }
}

function facts(): void {
  void showFacts(queue.storage, orders.strength, queue.outbox?.partition);
}

const accidents: readonly Accident[] = ["tear", "flip", "fail"];
for (const accident of accidents) {
  byId(accident).addEventListener("click", () => void logView().then((view) => view.cause(accident)));
}
watchServer(showServerSwitches);
startTab({
  queue,
  orders,
  network,
  showAutopsy: (autopsy) => void logView().then((view) => view.showAutopsy(autopsy)),
});
try {
  await queue.open();
  const { found } = queue;
  happened(found > 0 ? `The log was opened: ${found} orders from before are in it.` : "The log was opened.");
  document.documentElement.dataset["ready"] = "yes";
  facts();
  setInterval(facts, factsMs);
} catch (error) {
  setText(byId("outbox-state"), `The log cannot be opened: ${reasonOf(error)}`);
}
