/** The styles of reports, batches and dead letters, loaded with them. */
import { element } from "./dom.ts";
import address from "./late.css?url";

let isThere = false;

export function needLateStyle(): void {
  if (isThere) return;
  isThere = true;
  document.head.append(element("link", { rel: "stylesheet", href: address }));
}
