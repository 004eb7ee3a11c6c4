/** Counts what a log reads of the database when it is opened. */
import { durableObjectStorage, type ObjectStorage } from "../../../adapters/durable-object/storage.ts";
import { openLog } from "../../../src/index.ts";
import type { ObjectContext } from "./context.ts";

const topic = "cold";
const recordsOfASegment = 30;

/** Makes a log of `segments` segments. `close=no` leaves it as a kill would. */
export async function fill({ storage }: ObjectContext, request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const log = await openLog({ storage: durableObjectStorage(storage), topic });
  for (let segment = 1; segment <= Number(searchParams.get("segments")); segment++) {
    for (let index = 0; index < recordsOfASegment; index++) await log.append({ value: "x".repeat(1000) });
    if (segment < Number(searchParams.get("segments"))) await log.rotate();
  }
  const { segments } = log.stats();
  if (searchParams.get("close") !== "no") await log.close();
  return Response.json({ segments });
}

export async function openCold({ storage }: ObjectContext): Promise<Response> {
  const count = { statements: 0, rowsOfBytes: 0, rowsOfNames: 0, bytes: 0 };
  const log = await openLog({ storage: durableObjectStorage(counting(storage, count)), topic });
  const opened = { ...count, verdict: log.recovery.verdict, segments: log.recovery.segments };
  await log.close();
  return Response.json(opened);
}

interface Cursor {
  toArray(): Record<string, ArrayBuffer | Uint8Array | string | number | null>[];
  /** How many rows the database has looked at. */
  readonly rowsRead: number;
}

function counting(
  storage: ObjectStorage,
  count: { statements: number; rowsOfBytes: number; rowsOfNames: number; bytes: number },
): ObjectStorage {
  return {
    sql: {
      exec(query, ...bindings) {
        count.statements++;
        const cursor = storage.sql.exec(query, ...bindings) as Cursor;
        const rows = cursor.toArray();
        if (query.includes("walkabout_extents")) count.rowsOfBytes += cursor.rowsRead;
        else count.rowsOfNames += cursor.rowsRead;
        for (const { bytes } of rows) count.bytes += bytes instanceof ArrayBuffer ? bytes.byteLength : 0;
        return { toArray: () => rows };
      },
    },
    sync: () => storage.sync(),
  };
}
