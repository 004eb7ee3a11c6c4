/** A log comes to this object as an archive, goes on here, and leaves as one. */
import { durableObjectStorage } from "../../../adapters/durable-object/storage.ts";
import { exportLog, importLog, type LogReader, openLog, openReader } from "../../../src/index.ts";
import type { ObjectContext } from "./context.ts";

const topic = "travels/ü";

export async function receive({ storage }: ObjectContext, request: Request): Promise<Response> {
  const here = durableObjectStorage(storage);
  const imported = await importLog(here, request.body!);
  const reader = await openReader({ storage: here, topic });
  const lines = await linesOf(reader);
  await reader.close();
  return Response.json({ imported, lines });
}

export async function goOn({ storage }: ObjectContext): Promise<Response> {
  const log = await openLog({ storage: durableObjectStorage(storage), topic });
  for (let index = 0; index < 3; index++) await log.append({ value: `edge ${index}` });
  const lines = await linesOf(log);
  const { verdict } = log.recovery;
  await log.close();
  return Response.json({ lines, verdict });
}

export async function sendAway({ storage }: ObjectContext): Promise<Response> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of exportLog({ storage: durableObjectStorage(storage), topic })) chunks.push(chunk);
  return new Response(new Blob(chunks));
}

async function linesOf(log: Pick<LogReader, "read">): Promise<string[]> {
  const lines: string[] = [];
  for await (const { offset, timestamp, value } of log.read()) {
    lines.push(`${offset} ${timestamp} ${new TextDecoder().decode(value)}`);
  }
  return lines;
}
