/**
 * The worker's side: it has the handles, and does what the page calls. It is started by the page's side, or by the
 * program from a file of its own.
 */
import { WalError } from "../../src/errors.ts";
import type { Place, StoredFile } from "../../src/storage.ts";
import { opfsStorage, whyNoHandles } from "../opfs/storage.ts";
import type { SparingPlace } from "../web/budget.ts";
import type { Answer, Call, Failure, Hello, Value, Welcome } from "./messages.ts";

const scope = globalThis as unknown as {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  navigator: { locks?: LockManager; storage?: StorageManager };
};

const places = new Map<number, Place>();
const files = new Map<number, StoredFile>();
/** The first error of a write that nobody has heard of, which is told by the next flush. */
const failedWrites = new Map<StoredFile, unknown>();
let storage = opfsStorage();
let last = 0;
let isGreeted = false;

scope.addEventListener("message", ({ data }) => {
  if (isGreeted) {
    perform(data as Call[]);
    return;
  }
  isGreeted = true;
  void greet(data as Hello);
});

async function greet({ opfs }: Hello): Promise<void> {
  storage = opfsStorage(opfs);
  const welcome: Welcome = { lifeLock: await holdLifeLock(), refusal: await whyNoHandles(opfs) };
  scope.postMessage(welcome, []);
}

/** What answers at once is answered in one message. */
function perform(calls: readonly Call[]): void {
  const answers: Answer[] = [];
  for (const call of calls) {
    try {
      const value = dispatch(call);
      if (value instanceof Promise) {
        value.then(
          (later) => send([{ id: call.id, value: later }]),
          (error: unknown) => send([{ id: call.id, error: failureOf(error) }]),
        );
      } else if (call.op !== "write") answers.push({ id: call.id, value });
    } catch (error) {
      answers.push({ id: call.id, error: failureOf(error) });
    }
  }
  if (answers.length > 0) send(answers);
}

function dispatch(call: Call): Value | Promise<Value> {
  switch (call.op) {
    case "open":
      return open(call.path, call.mode);
    case "list":
      return placeOf(call.place).list() as Value | Promise<Value>;
    case "openFile":
      return keepFile(placeOf(call.place).open(call.name));
    case "create":
      return keepFile(placeOf(call.place).create(call.name));
    case "remove":
      return nothing(placeOf(call.place).remove(call.name, { reuse: call.reuse }));
    case "giveBack":
      return nothing((placeOf(call.place) as SparingPlace).giveBack());
    case "closePlace":
      return closePlace(call.place);
    case "size":
      return fileOf(call.file).size();
    case "read":
      return read(fileOf(call.file), call.position, call.length);
    case "write":
      return write(fileOf(call.file), call.bytes, call.position);
    case "truncate":
      return fileOf(call.file).truncate(call.size) as undefined;
    case "flush":
      return flush(fileOf(call.file));
    case "closeFile":
      return closeFile(call.file);
  }
}

async function open(path: readonly string[], mode: "write" | "read"): Promise<Value> {
  const place = await storage.open(path, { mode });
  if (place === undefined) return undefined;
  places.set(++last, place);
  return last;
}

async function keepFile(opening: StoredFile | Promise<StoredFile>): Promise<Value> {
  const file = await opening;
  files.set(++last, file);
  return last;
}

async function closePlace(number: number): Promise<Value> {
  const place = placeOf(number);
  places.delete(number);
  await place.close();
  return undefined;
}

async function nothing(work: void | Promise<void>): Promise<Value> {
  await work;
  return undefined;
}

async function read(file: StoredFile, position: number, length: number): Promise<Value> {
  const target = new Uint8Array(length);
  const count = await file.read(target, position);
  return count === length ? target : target.slice(0, count);
}

/** Nobody waits for it: what goes wrong here goes wrong with the flush behind it. */
function write(file: StoredFile, bytes: Uint8Array, position: number): undefined {
  if (failedWrites.has(file)) return;
  try {
    const count = file.write(bytes, position);
    if (count === bytes.length) return;
    failedWrites.set(file, new Error(`the storage answered that it wrote ${count} of ${bytes.length} bytes`));
  } catch (error) {
    failedWrites.set(file, error);
  }
}

function flush(file: StoredFile): Value | Promise<Value> {
  if (failedWrites.has(file)) throw failedWrites.get(file);
  return file.flush() as Value;
}

async function closeFile(number: number): Promise<Value> {
  const file = fileOf(number);
  files.delete(number);
  failedWrites.delete(file);
  await file.close();
  return undefined;
}

function placeOf(number: number): Place {
  return places.get(number)!;
}

function fileOf(number: number): StoredFile {
  const file = files.get(number);
  if (file === undefined) throw new Error("the file was closed");
  return file;
}

function send(answers: readonly Answer[]): void {
  const transfer = answers.flatMap(({ value }) => (value instanceof Uint8Array ? [value.buffer] : []));
  scope.postMessage(answers, transfer as Transferable[]);
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error) && !(error instanceof DOMException))
    return { name: "Error", message: String(error) };
  const code = error instanceof WalError ? error.code : undefined;
  return { name: error.name, message: error.message, code };
}

async function holdLifeLock(): Promise<string | undefined> {
  const { locks } = scope.navigator;
  if (locks === undefined) return undefined;
  const name = `walkabout worker ${Math.random()} ${performance.timeOrigin}`;
  await new Promise<void>((held) => {
    void locks.request(name, () => {
      held();
      return new Promise(() => undefined);
    });
  });
  return name;
}
