/** The third column: the server's own log and its proof, as they come over server-sent events. */
import type { OfficeState } from "../server/office.ts";
import { readOrder } from "../orders/order.ts";
import { bytesText, byId, counted, element, plural, setText } from "./dom.ts";

/** Watches while the page is seen: a browser has few connections to one server, and each tab that watches takes one. */
export function watchServer(changed: (state: OfficeState) => void): void {
  let events: EventSource | undefined;
  const turn = (): void => {
    events?.close();
    events = document.hidden ? undefined : newEvents(changed);
  };
  document.addEventListener("visibilitychange", turn);
  turn();
}

function newEvents(changed: (state: OfficeState) => void): EventSource {
  const events = new EventSource("/events");
  events.addEventListener("state", ({ data }: MessageEvent<string>) => {
    const state = JSON.parse(data) as OfficeState;
    show(state);
    changed(state);
  });
  events.addEventListener("error", () => {
    setText(byId("server-state"), "The service cannot be reached. Trying again…");
    byId("server").dataset["state"] = "gone";
  });
  return events;
}

/** Asks the service for something; answers whether it agreed. */
export async function control(wish: { server?: "on" | "off"; answers?: "kept" | "lost" }): Promise<boolean> {
  const headers = { "content-type": "application/json" };
  try {
    const answer = await fetch("/control", { method: "POST", headers, body: JSON.stringify(wish) });
    return answer.ok;
  } catch {
    return false;
  }
}

function show(state: OfficeState): void {
  const { proof, isOn, isCaughtUp, first, next } = state;
  const broken = proof.twice + proof.disordered + proof.missing;
  setText(byId("exact"), counted(proof.exact));
  const words =
    broken === 0 ? "arrived once, in order" : `arrived once, in order; ${counted(broken)} did not`;
  setText(byId("proof-words"), words);
  byId("proof").dataset["proof"] = broken === 0 ? "kept" : "broken";
  setText(byId("received"), counted(next - first));
  setText(byId("duplicates"), counted(state.duplicates));
  setText(byId("missing"), counted(proof.missing));
  setText(byId("twice"), counted(proof.twice + proof.disordered));
  byId("server").dataset["state"] = isOn ? "on" : "off";
  const lossy = state.losesAnswers ? " It stores every delivery, and loses every other answer." : "";
  const on = isCaughtUp ? `It is on.${lossy}` : "It is reading its log anew…";
  setText(
    byId("server-state"),
    isOn ? on : "It is off: its log is closed, and every connection to it is refused.",
  );
  const strangers = proof.strangers > 0 ? ` ${plural(proof.strangers, "record")} are no orders.` : "";
  setText(
    byId("server-facts"),
    `Its log lies in ${plural(state.segments, "segment")}, ${bytesText(state.bytes)}, on the disk of this machine. ` +
      `It checks ${plural(proof.customers, "line")} of orders, one for each customer of each tab.${strangers}`,
  );
  showRecent(state);
}

function showRecent({ recent }: OfficeState): void {
  const rows = recent.map(({ offset, key, value }) =>
    element(
      "li",
      {},
      element("b", {}, counted(offset)),
      " ",
      element("span", { class: "key" }, key),
      " ",
      orderText(value),
    ),
  );
  byId("recent").replaceChildren(...rows);
}

/** An order in words, and anything else as it is. */
function orderText(value: string): Node | string {
  const order = readOrder(new TextEncoder().encode(value));
  if (order === undefined) return element("code", {}, value);
  const { item, quantity, number } = order;
  return element("span", { title: value }, `${counted(quantity)} × ${item}, number ${counted(number)}`);
}
