/**
 * A spool in front of NATS: messages are durable here when `push` resolves, and go to a JetStream stream when the
 * server is there. Each carries its id, by which the stream tells a repeat from a new message for as long as its
 * `duplicate_window` lasts: within it, each message is in the stream once, whoever crashes when.
 *
 *     const outbox = await openNatsSpool({ storage: nodeStorage("./spool"), connect: () => connect({ servers }) });
 *     await outbox.push({ key: orderId, value: JSON.stringify(order), headers: { subject: "orders.new" } });
 */
import { headers as newHeaders, type JetStreamClient, type NatsConnection, type NatsError } from "nats";
import {
  type Deliver,
  openOutbox,
  type Outbox,
  type OutboxOptions,
  type OutboxRecord,
  type Verdict,
} from "../../src/outbox/index.ts";

export interface NatsSpoolOptions extends Partial<OutboxOptions> {
  readonly storage: OutboxOptions["storage"];
  /** Called when there is something to send and no connection. What it answers is yours to close, behind the outbox. */
  readonly connect: () => Promise<NatsConnection>;
}

/** How long the stream may take to say that it has a message, in ms. */
const ackMsMax = 5000;

export function openNatsSpool({ connect, ...options }: NatsSpoolOptions): Promise<Outbox> {
  let connecting: Promise<NatsConnection> | undefined;
  const stream = async (): Promise<JetStreamClient> => {
    const known = await connecting?.catch(() => undefined);
    if (known === undefined || known.isClosed()) connecting = connect();
    return (await connecting!).jetstream();
  };
  const deliver: Deliver = async ({ records }) => publishAll(await stream(), records, options.order);
  return openOutbox({ name: "nats", ...options, deliver });
}

/** Messages of one key go one after the other, and none overtakes one that failed; keys go side by side. */
function publishAll(
  stream: JetStreamClient,
  records: readonly OutboxRecord[],
  order: OutboxOptions["order"] = "key",
): Promise<Verdict[]> {
  const lines = new Map<string, Promise<Verdict>>();
  const verdicts = records.map((record) => {
    const key = order === "strict" ? "" : order === "key" && record.key ? textOf(record.key) : record.id;
    const verdict = publishBehind(lines.get(key), stream, record);
    lines.set(key, verdict);
    return verdict;
  });
  return Promise.all(verdicts);
}

async function publishBehind(
  before: Promise<Verdict> | undefined,
  stream: JetStreamClient,
  record: OutboxRecord,
): Promise<Verdict> {
  const verdict = await before;
  const isInTheWay = typeof verdict === "object" && verdict.verdict === "retry";
  return isInTheWay ? verdict : publish(stream, record);
}

async function publish(stream: JetStreamClient, { id, headers, value }: OutboxRecord): Promise<Verdict> {
  const { subject, ...rest } = headers;
  if (subject === undefined) return { verdict: "dead", reason: "the message has no header subject" };
  const named = newHeaders();
  for (const [name, each] of Object.entries(rest)) named.append(name, textOf(each));
  try {
    await stream.publish(textOf(subject), value, { msgID: id, headers: named, timeout: ackMsMax });
    return "done";
  } catch (error) {
    return verdictOf(error as NatsError);
  }
}

/** What the stream itself refuses is dead. A lost connection, a late answer and a server without streams pass. */
function verdictOf(error: NatsError): Verdict {
  const reason = `${error.message} (${error.code})`;
  const isRefusal = error.api_error !== undefined && error.api_error.code < 500;
  return { verdict: isRefusal ? "dead" : "retry", reason };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
