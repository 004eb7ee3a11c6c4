/**
 * A first log, from opening it to reading it back: `npm run first-log`. Run it again and the same log goes on,
 * because it lives in ./data. A program of your own imports from "walkabout" and "walkabout/node".
 */
import { nodeStorage } from "../adapters/node/storage.ts";
import { type Log, openLog, WalError } from "../src/index.ts";

type Ack = Awaited<ReturnType<Log["append"]>>;

const FOLDER = "./data";
const LINES_MAX = 12;

const isColored = process.stdout.isTTY === true && !process.env["NO_COLOR"];
const bold = (text: string) => (isColored ? `\x1b[1m${text}\x1b[22m` : text);
const title = (text: string) => console.log(`\n${bold(text)}`);
const dim = (text: string) => (isColored ? `\x1b[2m${text}\x1b[22m` : text);
const decoder = new TextDecoder();

const openDemo = () => openLog({ storage: nodeStorage(FOLDER), topic: "demo" });

async function write(log: Log): Promise<void> {
  title("One record at a time. Each line is an ack: the record is flushed when it arrives.");
  printAck(await log.append({ key: "ada", value: "opened an account" }));
  printAck(await log.append({ key: "ada", value: "paid in 100", headers: { currency: "EUR" } }));

  title("Three at once, without waiting in between: they share one write and one flush.");
  const visits = ["grace", "edsger", "barbara"].map((key) => log.append({ key, value: "looked around" }));
  for (const ack of await Promise.all(visits)) printAck(ack);

  title("An atomic batch: after a crash there are both records or neither.");
  const transfer = [
    { key: "ada", value: "sent 40 to grace" },
    { key: "grace", value: "got 40 from ada" },
  ];
  for (const ack of await log.appendBatch(transfer)) printAck(ack);
}

function printAck({ offset, durability, segment, position, bytes, flushMs }: Ack): void {
  const place = `${segment} at ${position}, ${bytes} bytes`;
  console.log(
    `  offset ${offset}  on ${durability}  ${dim(`${place}, flushed in ${flushMs.toFixed(2)} ms`)}`,
  );
}

/** The report as `name: value` pairs. What is empty goes without saying. */
function printRecovery(log: Log): void {
  const { verdict, ...details } = log.recovery;
  const told = Object.entries(details)
    .filter(
      ([, value]) => value !== undefined && value !== 0 && !(Array.isArray(value) && value.length === 0),
    )
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
  console.log(`  recovery: ${verdict}${told.length > 0 ? dim(` (${told.join(", ")})`) : ""}`);
}

async function readBack(log: Log): Promise<void> {
  let count = 0;
  const from = Math.max(log.first, log.next - LINES_MAX);
  for await (const record of log.read({ from: log.first })) {
    count += 1;
    if (record.offset < from) continue;
    const key = record.key === undefined ? "" : `${decoder.decode(record.key)} `;
    const time = new Date(record.timestamp).toISOString();
    console.log(`  ${record.offset}  ${dim(time)}  ${key}${decoder.decode(record.value)}`);
  }
  console.log(
    `  ${count} records read, ${Math.min(count, LINES_MAX)} shown, every offset before ${log.durable} is durable`,
  );
}

async function main(): Promise<void> {
  const log = await openDemo();
  const state = log.next === 0 ? "a new log" : `${log.next - log.first} records from before`;
  console.log(bold(`The log "demo" in ${FOLDER}: ${state}.`));
  await write(log);
  await log.close();

  title("Closed, and opened again.");
  const again = await openDemo();
  printRecovery(again);
  await readBack(again);
  await again.close();
  console.log(
    "\nNext: run `npm run first-log` again, and the log goes on where it ended. Then look at demo/first-log.ts.",
  );
}

try {
  await main();
} catch (error) {
  if (!(error instanceof WalError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
