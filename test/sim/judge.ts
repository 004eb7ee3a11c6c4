/**
 * The model of one log, which shares no code with it. It is told what the caller asked for and what the
 * log answered, and judges what is found: what was acknowledged must be there, what was refused must not
 * (a crash may bring it back until something else has succeeded), and whatever else is there must be the
 * beginning of what was on its way.
 */
import { short } from "./content.ts";

/** What is in a log. */
export interface State {
  readonly first: number;
  /** By offset. What lies before `first` is remembered, but is not in the log. */
  readonly lines: readonly string[];
}

/** What a verb does to the log if it succeeds. */
export type Effect =
  | { readonly kind: "append"; readonly lines: readonly string[] }
  | { readonly kind: "before"; readonly to: number }
  | { readonly kind: "after"; readonly to: number }
  | { readonly kind: "nothing" };

/**
 * - `asked`: no answer yet, or none that the crash let through.
 * - `acked`: it is durable. `written`: it was acknowledged as written.
 * - `rejected`: a flush failed, so it is not in the log, but its bytes may lie somewhere.
 * - `unsure`: it was refused, but some of it may have been done.
 * - `refused`: nothing was done.
 */
export type Status = "asked" | "unsure" | "acked" | "written" | "staged" | "rejected" | "refused";

export interface Step {
  readonly effect: Effect;
  /** How many flushes had failed when it was asked for: what is behind a failure is another try. */
  readonly tries: number;
  status: Status;
  /** Whether it may never have been tried at all. */
  isUnsure?: boolean;
  /** Whether its success changes the log, which puts an end to what was rejected before. */
  settles: boolean;
}

/** How the log came to be looked at. */
export type Circumstance = "alive" | "process died" | "power lost";

export class Judge {
  /** What the log may have been like when it was last looked at. They differ in what cannot be read any more. */
  #pasts: readonly State[];
  steps: Step[] = [];
  /** How many flushes of the log have failed. What was only written before the last one is gone. */
  failures = 0;
  /** What readers were shown. */
  readonly witnessed = new Map<number, string>();
  /** Whether retention may drop what is old. */
  readonly retains: boolean;

  constructor(retains = false, past: State = { first: 0, lines: [] }) {
    this.retains = retains;
    this.#pasts = [past];
  }

  ask(effect: Effect, tries: number, status: Status = "asked"): Step {
    const before = this.expected;
    // A truncation at the end is a promise that nothing comes back behind it, also where nothing is cut.
    const settles = effect.kind === "after" || applied(before, effect) !== before;
    const step = { effect, tries, status, settles };
    this.steps.push(step);
    return step;
  }

  /** What the log was like when it was last looked at, as far as it can be read. */
  get certain(): State {
    return this.#pasts[0]!;
  }

  /** Whether a record is in the log, or on its way, already. */
  knows(line: string): boolean {
    const isAsked = ({ effect }: Step): boolean => effect.kind === "append" && effect.lines.includes(line);
    return this.#pasts.some(({ lines }) => lines.includes(line)) || this.steps.filter(isAsked).length > 1;
  }

  /** The state that the log is in if everything that was asked for succeeds. */
  get expected(): State {
    return this.steps
      .filter(({ status }) => status !== "refused" && status !== "rejected")
      .reduce((state, { effect }) => applied(state, effect), this.certain);
  }

  /** A reader was shown a record, and told that it is durable. */
  witness(offset: number, line: string): void {
    this.witnessed.set(offset, line);
  }

  clone(): Judge {
    const copy = new Judge(this.retains);
    copy.#pasts = this.#pasts;
    copy.failures = this.failures;
    copy.steps = this.steps.map((step) => ({ ...step }));
    for (const [offset, line] of this.witnessed) copy.witnessed.set(offset, line);
    return copy;
  }

  /** Holds what was found against what may be. Throws a sentence when it may not, and believes it otherwise. */
  confirm(found: State, circumstance: Circumstance, durable = 0): void {
    const allowed = [...this.#possible(circumstance)];
    const matches = allowed.filter((state) => this.#fits(state, found));
    if (matches.length === 0) {
      const states = [...new Set(allowed.map(told))].slice(0, 12);
      throw new Error(`found ${told(found)}\n  where only this may be: ${states.join("\n  or ")}`);
    }
    this.#confirmWitnesses(found);
    const isCut = this.steps.some(({ effect, status }) => effect.kind === "after" && status !== "refused");
    if (found.lines.length < durable && !isCut) {
      throw new Error(`found ${told(found)}, but the log had said that it was durable up to ${durable}`);
    }
    const { first, lines } = found;
    const pasts = matches.map((match) => [...match.lines.slice(0, first), ...lines.slice(first)]);
    const different = new Map(pasts.map((past) => [past.join("\n"), past]));
    this.#pasts = Array.from(different.values(), (past) => ({ first, lines: past }));
    this.#forget(circumstance);
  }

  #forget(circumstance: Circumstance): void {
    this.witnessed.clear();
    if (circumstance !== "alive") {
      this.steps = [];
      return;
    }
    const settled = this.steps.findLastIndex(({ settles, status }) => settles && status === "acked");
    const isLost = ({ effect, status, tries }: Step): boolean =>
      (status === "staged" || status === "written" || status === "unsure") &&
      tries < this.failures &&
      effect.kind === "append" &&
      !effect.lines.every((line) => this.certain.lines.includes(line));
    for (const step of this.steps.filter(isLost)) {
      step.isUnsure = step.status === "unsure";
      step.status = "rejected";
    }
    this.steps = this.steps.filter(({ status }, index) => status === "rejected" && index > settled);
  }

  #fits(state: State, found: State): boolean {
    const { first, lines } = state;
    if (found.lines.length !== lines.length) return false;
    const isRetained = this.retains && found.first > first && found.first <= lines.length;
    if (found.first !== first && !isRetained) return false;
    for (let offset = found.first; offset < lines.length; offset++) {
      if (lines[offset] !== found.lines[offset]) return false;
    }
    return true;
  }

  #confirmWitnesses(found: State): void {
    const cut = Math.min(
      ...this.steps.map(({ effect, status }) =>
        effect.kind === "after" && status !== "refused" ? effect.to + 1 : Infinity,
      ),
    );
    for (const [offset, line] of this.witnessed) {
      if (offset < found.first || offset >= cut || found.lines[offset] === line) continue;
      const instead = found.lines[offset] === undefined ? "nothing" : short(found.lines[offset]);
      throw new Error(`a reader was shown ${short(line)} at offset ${offset}, where ${instead} is now`);
    }
  }

  /**
   * Every state that may be found: of each try, a beginning that holds all that was acknowledged; what was
   * rejected only after a crash, and only as long as nothing came behind it.
   */
  *#possible(circumstance: Circumstance): Generator<State> {
    const steps = this.steps.filter(({ status }) => status !== "refused");
    const tries = [...new Set(steps.map((step) => step.tries))].toSorted((a, b) => a - b);
    const groups = tries.map((number) => steps.filter((step) => step.tries === number));
    for (const past of this.#pasts) yield* this.#continued(past, groups, circumstance);
  }

  *#continued(state: State, groups: readonly Step[][], circumstance: Circumstance): Generator<State> {
    const [group, ...others] = groups;
    if (group === undefined) {
      yield state;
      return;
    }
    const isCertain = ({ status, tries }: Step): boolean =>
      status === "acked" ||
      (status === "written" && tries === this.failures && circumstance !== "power lost");
    const least = group.findLastIndex(isCertain) + 1;
    const isSettled = others.some((other) => other.some((step) => step.settles && isCertain(step)));
    yield* this.#begun(state, group, others, {
      least,
      isSettled,
      circumstance,
      count: 0,
      hasRejected: false,
    });
  }

  /** Every beginning of one try, behind its first `count` steps, and what may have come after it. */
  *#begun(state: State, group: readonly Step[], others: readonly Step[][], so: Progress): Generator<State> {
    const { count, least, circumstance } = so;
    if (count >= least) {
      if (so.hasRejected) yield state;
      else yield* this.#continued(state, others, circumstance);
    }
    const step = group[count];
    if (step === undefined) return;
    const further: Mutable<Progress> = { ...so, count: count + 1 };
    if (step.status === "unsure" || step.isUnsure) yield* this.#begun(state, group, others, further);
    if (step.status === "rejected") {
      // What was acknowledged behind it in the same try shows that it was never tried.
      if (count < least) return yield* this.#begun(state, group, others, further);
      // While the log lives, and behind what came later, it must not be there.
      if (circumstance === "alive" || so.isSettled) return;
      further.hasRejected = true;
    }
    yield* this.#begun(applied(state, step.effect), group, others, further);
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Progress {
  /** How many steps have been looked at. */
  readonly count: number;
  /** How many it must have come to. */
  readonly least: number;
  /** Whether something came behind this try that puts an end to what was rejected in it. */
  readonly isSettled: boolean;
  readonly hasRejected: boolean;
  readonly circumstance: Circumstance;
}

export function applied(state: State, effect: Effect): State {
  const { first, lines } = state;
  if (effect.kind === "before") {
    return effect.to > first && effect.to <= lines.length ? { first: effect.to, lines } : state;
  }
  if (effect.kind === "after") {
    const next = effect.to + 1;
    return next >= first && next < lines.length ? { first, lines: lines.slice(0, next) } : state;
  }
  if (effect.kind === "nothing") return state;
  // What a producer sends again is there already.
  const fresh = effect.lines.filter((line) => !line.startsWith("~") || !lines.includes(line));
  return fresh.length === 0 ? state : { first, lines: [...lines, ...fresh] };
}

export function told({ first, lines }: State): string {
  const shown = lines.slice(first).map(short);
  const some = shown.length > 24 ? ["…", ...shown.slice(-23)] : shown;
  return `[${first}, ${lines.length}): ${some.join(" ")}`;
}
