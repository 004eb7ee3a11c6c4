/**
 * The demo's service: `npm start`. It prints one address, and ends in order on SIGINT and SIGTERM.
 *
 *     npm start -- --port 4321 --data ./data
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { WalError } from "../../src/index.ts";
import { Audience } from "./audience.ts";
import { Office } from "./office.ts";
import { Pages } from "./pages.ts";
import { Service } from "./service.ts";

const usualPort = 4321;

async function main(): Promise<void> {
  const { port, data } = checkedArguments();
  const pages = new Pages(join(import.meta.dirname, "../page"));
  const office = new Office(data, () => audience.changed());
  const audience = new Audience(() => office.state);
  await office.turn(true);
  const service = new Service(pages, office, audience);
  const used = await service.listen(port);
  if (used !== port && port !== 0) console.log(`port ${port} is taken; this is another one`);
  console.log(`walkabout is at http://127.0.0.1:${used}/  (its log is in ${data}; end it with Ctrl+C)`);
  endOnSignals(service);
}

function endOnSignals(service: Service): void {
  let isEnding = false;
  const end = (): void => {
    // Whoever asks twice does not want to wait.
    if (isEnding) process.exit(1);
    isEnding = true;
    service.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(String(error));
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}

function checkedArguments(): { port: number; data: string } {
  const options = { port: { type: "string" }, data: { type: "string" } } as const;
  const { values } = parseArgs({ options });
  const { port = String(usualPort), data = "./data" } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new RangeError(`--port must be a number from 0 to 65535, not ${port}`);
  }
  return { port: Number(port), data };
}

try {
  await main();
} catch (error) {
  const isPlain = error instanceof WalError || error instanceof RangeError || error instanceof TypeError;
  if (!isPlain) throw error;
  console.error(error.message);
  if (error instanceof WalError && error.code === "LOCKED") {
    console.error("Another process has it open: end that one, or choose another folder with --data.");
  }
  process.exitCode = 1;
}
