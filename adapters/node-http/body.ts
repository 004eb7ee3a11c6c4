/**
 * The body of a request as a stream of the web: a chunk is taken from the socket when one is asked for. Node throws a
 * body away whose request was answered before anybody read it; what is cancelled is thrown away here.
 */
import type { IncomingMessage } from "node:http";

type Bytes = Uint8Array<ArrayBuffer>;

export function bodyOf(incoming: IncomingMessage): ReadableStream<Bytes> {
  return new ReadableStream(new Body(incoming), { highWaterMark: 0 });
}

class Body implements UnderlyingDefaultSource<Bytes> {
  readonly #incoming: IncomingMessage;
  #controller!: ReadableStreamDefaultController<Bytes>;
  #wasAskedFor = false;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
  }

  start(controller: ReadableStreamDefaultController<Bytes>): void {
    this.#controller = controller;
    this.#incoming.pause().on("data", this.#take).on("end", this.#end).on("close", this.#lose);
    // What breaks off is told by `close`.
    this.#incoming.on("error", () => undefined);
  }

  pull(): void {
    this.#wasAskedFor = true;
    this.#incoming.resume();
  }

  cancel(): void {
    this.#release();
    this.#incoming.resume();
  }

  readonly #take = ({ buffer, byteOffset, length }: Buffer<ArrayBuffer>): void => {
    this.#incoming.pause();
    this.#controller.enqueue(new Uint8Array(buffer, byteOffset, length));
  };

  readonly #end = (): void => {
    this.#release();
    if (this.#wasAskedFor) this.#controller.close();
    else this.#fail("the request was answered before its body was read");
  };

  readonly #lose = (): void => {
    this.#release();
    this.#fail("the connection was lost before the whole body had arrived");
  };

  #fail(reason: string): void {
    this.#controller.error(new DOMException(reason, "AbortError"));
  }

  #release(): void {
    this.#incoming.off("data", this.#take).off("end", this.#end).off("close", this.#lose);
  }
}
