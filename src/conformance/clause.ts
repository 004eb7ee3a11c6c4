/**
 * One sentence of a contract, and where it is written. Checks quote them, so that whoever reads a
 * failure sees what was promised and can look it up.
 */
export interface Clause {
  /** The sentence, word for word. */
  readonly says: string;
  /** The member and the file that it stands in. */
  readonly where: string;
}

export type Clauses<Name extends string> = Readonly<Record<Name, Clause>>;

/** Gives each sentence the place that all of them have in common. */
export function clauses<Name extends string>(where: string, says: Record<Name, string>): Clauses<Name> {
  const entries = Object.entries<string>(says).map(([name, sentence]) => [name, { says: sentence, where }]);
  return Object.fromEntries(entries) as Clauses<Name>;
}
