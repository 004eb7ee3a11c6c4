/** Runs the suites that the address names, in a service worker, which lives for as long as it is told to wait. */
import { runSuites } from "./run.ts";

interface LastingEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

addEventListener("message", (event) => (event as Event as LastingEvent).waitUntil(runSuites()));
