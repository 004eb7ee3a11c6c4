/** `serve`: a receiver for outboxes on HTTP, until it is stopped. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { nodeListener } from "../../../adapters/node-http/listener.ts";
import { reasonOf } from "../../errors.ts";
import { encodeTopic, pathOf } from "../../format/names.ts";
import { exists, logsBelow, notThere, shown } from "../address.ts";
import { durationFlag, integerFlag, sizeFlag } from "../arguments.ts";
import { type Command, exit, type Invocation, UsageError } from "../command.ts";
import { Gate, isLoopback } from "../serve/gate.ts";
import { HttpServer } from "../serve/http-server.ts";
import { ServedLog, type ServedLogOptions } from "../serve/served-log.ts";
import { Service } from "../serve/service.ts";
import { versionText } from "../version.ts";

export const serve: Command = {
  name: "serve",
  summary: "take what outboxes deliver over HTTP, and show a status page",
  usage: "[dir]",
  arity: [0, 1],
  flags: {
    topic: { type: "string", value: "<topic>", help: 'what to take, "events" by default; may be repeated' },
    port: { type: "string", short: "p", value: "<port>", help: "8080 by default; 0 takes any that is free" },
    host: { type: "string", value: "<host>", help: "127.0.0.1 by default: this machine alone" },
    "token-file": {
      type: "string",
      value: "<file>",
      help: "holds the token that senders have to know; or set WALKABOUT_TOKEN",
    },
    origin: {
      type: "string",
      value: "<url>",
      help: "another site whose pages may send, such as https://app.example; may be repeated",
    },
    "max-body": { type: "string", value: "<size>", help: "the largest request, 1M by default" },
    "max-bytes": { type: "string", value: "<size>", help: "remove the oldest segments above this size" },
    "max-age": { type: "string", value: "<time>", help: "remove segments older than this, such as 7d" },
  },
  about: [
    "Each topic is a log, <dir>/<topic>/0, which is created when it is missing; dir is ./data by default.",
    "Outboxes post to /<topic>, or to / where there is one topic. / shows a status page, /status.json the same",
    "for programs.",
    "Ctrl-C and SIGTERM end it: what is under way is answered, everything is flushed, the locks are released.",
  ],
  examples: [
    "",
    "./data --topic orders --topic visits --port 0",
    "./data --host 0.0.0.0 --token-file ./token --max-age 7d",
  ],
  async run(invocation) {
    const { positionals, output, signal } = invocation;
    const [folder = "./data"] = positionals;
    checkFolder(folder);
    const { host, port, gate, topics, settings } = settingsOf(invocation);
    const onError = complaints(invocation);
    const logs = new Map<string, ServedLog>();
    const places = topics.map((topic) => join(folder, ...pathOf(topic, 0)));
    const service = new Service({ gate, folder, version: versionText() });
    let server: HttpServer | undefined;
    const open = async (wanted: readonly string[]): Promise<void> => {
      for (const topic of wanted) {
        logs.set(topic, await ServedLog.open({ ...settings, folder, topic, gate, onError, signal }));
      }
    };
    try {
      // Who holds a log is worth more than who listens; and where nobody can listen, no log is made.
      await open(topics.filter((_, index) => exists(places[index]!)));
      server = await HttpServer.listen(nodeListener(service.handle, { onError }), host, port);
      await open(topics.filter((topic) => !logs.has(topic)));
      service.start(topics.map((topic) => logs.get(topic)!));
      const { url } = server;
      if (output.json) await output.value({ url, pid: process.pid, logs: places }, { lines: true });
      else await output.line(`walkabout serves ${places.join(", ")} at ${output.paint.bold(url)}`);
      if (!signal.aborted) await once(signal, "abort");
    } finally {
      service.stop();
      await server?.stop();
      await closeAll([...logs.values()]);
    }
    return exit.fine;
  },
};

/** Serving a log by its own folder would make another one inside of it. */
function checkFolder(folder: string): void {
  if (!exists(folder)) return;
  const log = logsBelow(folder).find(({ path }) =>
    [resolve(path), dirname(resolve(path))].includes(resolve(folder)),
  );
  if (log === undefined) return;
  const { topic } = log.address;
  const above = resolve(log.path, "../..");
  throw new UsageError(
    `${folder} is not a folder of topics; did you mean walkabout serve ${shown(above)} --topic ${topic}?`,
  );
}

interface Settings {
  readonly host: string;
  readonly port: number;
  readonly gate: Gate;
  readonly topics: readonly string[];
  readonly settings: Pick<ServedLogOptions, "retention" | "bodyBytesMax">;
}

function settingsOf({ flags, repeated }: Invocation): Settings {
  const port = integerFlag(flags, "port") ?? 8080;
  if (port > 65_535) throw new UsageError(`--port must be at most 65535, not ${port}`);
  const host = flags.get("host") ?? "127.0.0.1";
  const token = tokenOf(flags.get("token-file"));
  if (token === undefined && !isLoopback(host)) {
    throw new UsageError(
      `--host ${host} lets other machines in: say which token they need with --token-file`,
    );
  }
  const origins = (repeated.get("origin") ?? []).map(checkedOrigin);
  const topics = new Set(repeated.get("topic") ?? ["events"]);
  topics.forEach(checkTopic);
  const retention = { maxBytes: sizeFlag(flags, "max-bytes"), maxAgeMs: durationFlag(flags, "max-age") };
  const bodyBytesMax = sizeFlag(flags, "max-body");
  if (bodyBytesMax === 0) throw new UsageError("--max-body must be at least one byte");
  const settings = { retention, bodyBytesMax };
  return { host, port, gate: new Gate({ token, origins }), topics: [...topics], settings };
}

function tokenOf(file: string | undefined): string | undefined {
  if (file !== undefined && !exists(file)) throw notThere(file);
  const token = file === undefined ? process.env["WALKABOUT_TOKEN"] : readFileSync(file, "utf8").trim();
  if (file === undefined && !token) return undefined;
  if (/^[\x21-\x7e]+$/.test(token!)) return token;
  throw new UsageError(`the token in ${file ?? "WALKABOUT_TOKEN"} must be visible ASCII without spaces`);
}

function checkedOrigin(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : "null";
  if (origin !== "null") return origin;
  throw new UsageError(`--origin must be a site such as https://app.example, not ${text}`);
}

function checkTopic(topic: string): void {
  try {
    encodeTopic(topic);
  } catch (error) {
    throw new UsageError(`--topic ${topic}: ${reasonOf(error)}`);
  }
}

/** What goes wrong is told once, until something else does. */
function complaints({ output }: Invocation): (error: unknown) => void {
  let said = "";
  return (error) => {
    const reason = reasonOf(error);
    if (reason !== said) output.note(`walkabout: ${reason}`);
    said = reason;
  };
}

/** All of them, also when one cannot be. */
async function closeAll(logs: readonly ServedLog[]): Promise<void> {
  const closings = await Promise.allSettled(logs.map(({ log }) => log.close()));
  for (const closing of closings) if (closing.status === "rejected") throw closing.reason;
}
