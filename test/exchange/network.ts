/**
 * A network that drops, repeats, delays and reorders requests and answers, and cuts answers off in the middle.
 * What is on its way arrives whatever becomes of its sender.
 */
import type { Random } from "../sim/random.ts";
import type { Time } from "./time.ts";

export interface Weather {
  readonly dropped: number;
  readonly repeated: number;
  /** Answers that are lost, and those that break off. */
  readonly unanswered: number;
  readonly cut: number;
  readonly delayMsMax: number;
  /** Requests that hang until the sender gives up. */
  readonly hanging: number;
}

export const calm: Weather = {
  dropped: 0,
  repeated: 0,
  unanswered: 0,
  cut: 0,
  delayMsMax: 5,
  hanging: 0,
};

export interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** Takes the text of a request. Nothing stands for a server that is down. */
export type Server = (body: string) => Promise<Answer> | undefined;

export class Network {
  weather: Weather;
  readonly #time: Time;
  readonly #random: Random;
  readonly #server: Server;
  /** Requests that have not arrived or got lost yet. */
  underWay = 0;
  readonly counts = { requests: 0, dropped: 0, repeated: 0, unanswered: 0, cut: 0, hanging: 0 };

  constructor(time: Time, random: Random, weather: Weather, server: Server) {
    this.#time = time;
    this.#random = random;
    this.weather = weather;
    this.#server = server;
  }

  async send(body: string): Promise<Answer> {
    this.counts.requests++;
    if (this.#happens("repeated")) void this.#arrive(body).catch(() => undefined);
    if (this.#happens("hanging")) {
      void this.#arrive(body).catch(() => undefined);
      return new Promise(() => undefined);
    }
    if (this.#happens("dropped")) {
      await this.#delay();
      throw new TypeError("failed to fetch");
    }
    const answer = await this.#arrive(body);
    await this.#delay();
    if (this.#happens("unanswered")) throw new TypeError("network connection was lost");
    if (!this.#happens("cut")) return answer;
    const { status, headers } = answer;
    return { status, headers, text: () => Promise.reject(new TypeError("terminated")) };
  }

  async #arrive(body: string): Promise<Answer> {
    this.underWay++;
    await this.#delay();
    this.underWay--;
    const answer = this.#server(body);
    if (answer === undefined) throw new TypeError("connection refused");
    return answer;
  }

  #happens(what: Exclude<keyof Weather, "delayMsMax">): boolean {
    const happens = this.#random.chance(this.weather[what]);
    if (happens) this.counts[what]++;
    return happens;
  }

  #delay(): Promise<void> {
    // Most are quick, some are very late.
    const { delayMsMax } = this.weather;
    const ms = this.#random.chance(0.1) ? delayMsMax * 20 : delayMsMax;
    return this.#time.sleep(this.#random.integer(0, ms));
  }
}
