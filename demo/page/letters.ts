/** The dead letters of this tab: to see, to try again, to drop. */
import type { DeadLetter, Outbox } from "../../src/outbox/index.ts";
import { button, byId, element } from "./dom.ts";
import { needLateStyle } from "./late-style.ts";

const lettersMax = 20;

export async function showLetters(outbox: Outbox): Promise<void> {
  needLateStyle();
  const items: HTMLLIElement[] = [];
  for await (const letter of outbox.dead.list()) {
    if (items.length === lettersMax) break;
    items.push(letterItem(outbox, letter));
  }
  byId("letters").hidden = items.length === 0;
  byId("letter-list").replaceChildren(...items);
}

function letterItem(outbox: Outbox, letter: DeadLetter): HTMLLIElement {
  const key = new TextDecoder().decode(letter.key ?? new Uint8Array(0));
  const value = new TextDecoder().decode(letter.value).slice(0, 200);
  const act = (work: Promise<unknown>): void =>
    void work.catch(() => undefined).then(() => showLetters(outbox));
  return element(
    "li",
    {},
    element("span", { class: "key" }, key),
    " ",
    element("code", {}, value),
    element("p", { class: "hint" }, letter.reason.slice(0, 200)),
    element(
      "span",
      { class: "buttons" },
      button("Try again", () => act(outbox.dead.retry(letter.offset)), {
        "aria-label": `Try the order of ${key} again`,
      }),
      button("Drop", () => act(outbox.dead.drop(letter.offset)), {
        "aria-label": `Drop the order of ${key}`,
      }),
    ),
  );
}
