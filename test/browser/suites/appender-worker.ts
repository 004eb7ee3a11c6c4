/** The appender in a worker, where synchronous handles are. */
import { runAppender } from "./appender.ts";
import { reporting } from "./report.ts";

await reporting(() => runAppender("opfs"));
