/** The first column: the form, the switches, and what became of what they did. */
import { byId, counted, element, plural, setText } from "./dom.ts";
import type { Load } from "./load.ts";
import type { Network } from "./network.ts";
import type { Orders } from "./orders.ts";
import type { Autopsy } from "./kill.ts";
import type { Queue } from "./queue.ts";
import { control } from "./server-view.ts";
import type { OfficeState } from "../server/office.ts";
import { reasonOf } from "../../src/errors.ts";

export interface TabParts {
  readonly queue: Queue;
  readonly orders: Orders;
  readonly network: Network;
  readonly showAutopsy: (autopsy: Autopsy) => void;
}

const happenedMax = 8;
const burst = 200;

export function happened(what: string): void {
  const time = new Date().toTimeString().slice(0, 8);
  const list = byId("happened");
  list.prepend(element("li", {}, element("time", {}, time), " ", what));
  while (list.childElementCount > happenedMax) list.lastElementChild?.remove();
}

/** Brings all of it to life. */
export function startTab(parts: TabParts): void {
  const { queue, orders, network } = parts;
  let loading: Promise<Load> | undefined;
  const load = (): Promise<Load> => (loading ??= loadOf(orders, queue));
  byId<HTMLFormElement>("order-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void place(orders, event.currentTarget as HTMLFormElement);
  });
  onSwitch("load", async (on) => (await load()).turn(on));
  onSwitch("offline", (on) => {
    network.turn(!on);
    happened(on ? "This tab is offline: orders wait in its log." : "This tab is online again.");
    if (!on) queue.outbox?.wake();
  });
  onSwitch("server-off", (on) => ask({ server: on ? "off" : "on" }, queue));
  onSwitch("lose-answers", (on) => ask({ answers: on ? "lost" : "kept" }, queue));
  byId("kill").addEventListener("click", () => void killWorker(parts, load()));
  byId("reload").addEventListener("click", () => location.reload());
  byId("another").addEventListener("click", () => window.open(location.href, "_blank", "noopener"));
}

export function showStatus(queue: Queue, orders: Orders): void {
  const status = queue.outbox?.status;
  setText(byId("acknowledged"), counted(orders.acknowledged));
  setText(byId("pending"), counted(status?.pending ?? 0));
  setText(byId("in-flight"), counted(status?.underWay ?? 0));
  setText(byId("delivered"), counted(queue.delivered));
  setText(byId("dead"), counted(status?.dead ?? 0));
  byId<HTMLButtonElement>("kill").disabled = !queue.hasWorker || queue.outbox === undefined;
  setText(byId("outbox-state"), stateText(queue));
}

/** The switches of the server show how it is, whoever pressed them. */
export function showServerSwitches({ isOn, losesAnswers }: OfficeState): void {
  byId<HTMLInputElement>("server-off").checked = !isOn;
  byId<HTMLInputElement>("lose-answers").checked = losesAnswers;
}

function stateText({ outbox, hasWorker }: Queue): string {
  if (outbox === undefined) return "The log is being opened…";
  const { state, pending, reason } = outbox.status;
  const why = reason === undefined ? "" : ` (${reason.slice(0, 100)})`;
  const says: Record<typeof state, string> = {
    idle: "Everything is delivered.",
    delivering: "Delivering.",
    waiting: `${plural(pending, "order")} safe in the log; trying again soon${why}.`,
    held: `Held${why}.`,
    reopening: `The log was lost, and is being opened again${why}.`,
    closed: "The log is closed.",
  };
  const worker = hasWorker ? "" : " This browser keeps the log in IndexedDB: there is no worker to kill.";
  return says[state] + worker;
}

async function place(orders: Orders, form: HTMLFormElement): Promise<void> {
  const fields = new FormData(form);
  const text = (name: string): string => String(fields.get(name) ?? "").trim();
  const wish = {
    customer: text("customer"),
    item: text("item"),
    quantity: Math.floor(Number(text("quantity"))),
  };
  if (wish.customer === "" || wish.item === "" || !(wish.quantity >= 1)) return;
  try {
    await orders.place(wish);
    happened(`Acknowledged: ${wish.quantity} × ${wish.item} for ${wish.customer}.`);
  } catch (error) {
    happened(`Not acknowledged, place it again: ${reasonOf(error)}`);
  }
}

/** Loaded when it is needed. */
async function loadOf(orders: Orders, queue: Queue): Promise<Load> {
  const { Load: Made } = await import("./load.ts");
  return new Made(
    (wish) => orders.place(wish),
    () => ({ underWay: orders.underWay, waiting: queue.outbox?.pending }),
    happened,
  );
}

async function ask(wish: Parameters<typeof control>[0], queue: Queue): Promise<void> {
  if (!(await control(wish))) happened("The service did not answer: is its process running?");
  else if (wish.server === "off") happened("The server closed its log, and refuses every connection.");
  else if (wish.server === "on") {
    happened("The server opened its log again.");
    queue.outbox?.wake();
  }
}

async function killWorker({ queue, orders, showAutopsy }: TabParts, load: Promise<Load>): Promise<void> {
  try {
    const [{ kill }, orderly] = await Promise.all([import("./kill.ts"), load]);
    const { says, autopsy } = await kill(queue, orders, () => orderly.burst(burst));
    happened(says);
    showAutopsy(autopsy);
  } catch (error) {
    happened(`It could not be killed: ${reasonOf(error)}`);
  }
}

function onSwitch(id: string, turn: (on: boolean) => unknown): void {
  const input = byId<HTMLInputElement>(id);
  // A browser remembers what was switched on across a reload; what is behind it begins anew.
  input.checked = false;
  input.addEventListener("change", () => void turn(input.checked));
}
