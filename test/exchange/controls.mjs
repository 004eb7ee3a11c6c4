/**
 * The outbox and the receiver, broken on purpose, as test/sim/controls.mjs does with the engine: each control changes
 * one thing in the sources while a test loads them, and that test has to turn red.
 */

const exchange = "test/exchange/exchange.test.ts";
const crash = "test/outbox/crash.test.ts";

/** A control: what it breaks, the file of tests that finds it, and in which files `from` becomes `to`. */
export const controls = [
  {
    name: "settle before the delivery",
    test: exchange,
    breaks: "the cursor is written when a delivery sets out",
    changes: [
      [
        "src/outbox/courier.ts",
        "    const verdicts = await this.#deliver(entries, aborter);",
        "    this.#parts.journal.settle(entries);\n    const verdicts = await this.#deliver(entries, aborter);",
      ],
    ],
  },
  {
    name: "forget the cursor",
    test: crash,
    breaks: "what was delivered is never settled on disk",
    changes: [
      [
        "src/outbox/ledger.ts",
        "    if (this.#writing === undefined && !this.#closed) this.#writing = this.#write();",
        "",
      ],
    ],
  },
  {
    name: "truncate what is pending",
    test: exchange,
    breaks: "the log is truncated up to the last cursor, whatever is pending before it",
    changes: [
      ["src/outbox/ledger.ts", "Math.min(oldest, this.#lastCursor)", "Math.max(oldest, this.#lastCursor)"],
    ],
  },
  {
    name: "a new identity at each opening",
    test: exchange,
    breaks: "an outbox that is opened again is another one to the receiver",
    changes: [["src/outbox/journal.ts", "identity = { id: last.id,", "identity = { id: identity.id,"]],
  },
  {
    name: "number again from the front",
    test: exchange,
    breaks: "an outbox that is opened again gives numbers that it gave before",
    changes: [
      ["src/outbox/journal.ts", "let next = storage.now() * numbersPerMs;", "let next = 0;"],
      ["src/outbox/journal.ts", "next = Math.max(next, last.next);", ""],
      [
        "src/outbox/journal.ts",
        "for (const { entry } of entries) next = Math.max(next, entry.sequence + 1);",
        "",
      ],
    ],
  },
  {
    name: "leave holes in a batch",
    test: exchange,
    breaks: "a delivery goes on behind a hole in the sequence",
    changes: [
      ["src/outbox/lanes.ts", "entry.sequence === last.sequence + 1", "entry.sequence > last.sequence"],
    ],
  },
  {
    name: "let a lane overtake itself",
    test: exchange,
    breaks: "a lane may have two deliveries on their way",
    changes: [["src/outbox/lanes.ts", "if (lane.isBusy || lane.notBefore", "if (lane.notBefore"]],
  },
  {
    name: "take silence for an answer",
    test: exchange,
    breaks: "a delivery that fails on the way counts as done",
    changes: [
      [
        "src/outbox/verdict.ts",
        `return { verdict: "retry", reason: reasonOf(error) };`,
        `return { verdict: "done", reason: reasonOf(error) } as never;`,
      ],
    ],
  },
  {
    name: "acknowledge before it is durable",
    test: exchange,
    breaks: "the receiver answers while its log still writes",
    changes: [
      [
        "src/receiver/store.ts",
        "    const acks = await log.appendBatch(records, { producer: { id, epoch, sequence } });",
        "    const acks: { duplicate?: boolean }[] = [];\n    log.appendBatch(records, { producer: { id, epoch, sequence } }).catch(() => undefined);",
      ],
    ],
  },
  {
    name: "do not look at the sequence",
    test: exchange,
    breaks: "the receiver appends whatever comes",
    changes: [
      [
        "src/receiver/store.ts",
        "log.appendBatch(records, { producer: { id, epoch, sequence } })",
        "log.appendBatch(records)",
      ],
    ],
  },
  {
    name: "one producer for all lanes",
    test: exchange,
    breaks: "the receiver does not tell the lanes of an outbox apart",
    changes: [["src/receiver/store.ts", "/${outbox}/${lane}`", "/${outbox}`"]],
  },
  {
    name: "a fresh epoch for each opening",
    test: exchange,
    breaks: "the incarnation of the outbox is the epoch of its producers",
    changes: [
      [
        "src/receiver/store.ts",
        "{ outbox, lane, sequence, records }",
        "{ outbox, incarnation, lane, sequence, records }",
      ],
      [
        "src/receiver/store.ts",
        "log.appendBatch(records, { producer: { id, epoch, sequence } })",
        "log.appendBatch(records, { producer: { id, epoch: incarnation, sequence } })",
      ],
    ],
  },
  {
    name: "settle before the burial",
    test: crash,
    breaks: "a record leaves the queue before its dead letter is durable",
    changes: [
      [
        "src/outbox/graves.ts",
        "    const letter = await this.#dead.bury(record!, note);\n    this.#journal.settle([entry]);",
        "    this.#journal.settle([entry]);\n    await this.#journal.written();\n    const letter = await this.#dead.bury(record!, note);",
      ],
    ],
  },
  {
    name: "bury and keep",
    test: crash,
    breaks: "an outbox that is opened does not look for its records among the dead",
    changes: [["src/outbox/works.ts", "ids.has(id) || known", "known"]],
  },
  {
    name: "forget that a letter was retried",
    test: crash,
    breaks: "a letter that was pushed again is still a letter behind a crash",
    changes: [
      ["src/outbox/works.ts", "[...letters, ...(known?.letters ?? [])]", "[...(known?.letters ?? [])]"],
    ],
  },
  {
    name: "drop without a letter",
    test: "test/outbox/giving-up.test.ts",
    breaks: "what is too old or over the budget goes without a dead letter",
    changes: [
      [
        "src/outbox/courier.ts",
        "      if (await this.#bury(entry, cause)) settled.add(entry);\n      lanes",
        "      this.#parts.journal.settle([entry]);\n      settled.add(entry);\n      lanes",
      ],
    ],
  },
  {
    name: "share a queue among principals",
    test: "test/outbox/giving-up.test.ts",
    breaks: "the principal is no part of an outbox's address",
    changes: [["src/outbox/names.ts", "principal === undefined ? []", "principal !== principal + 1 ? []"]],
  },
  {
    name: "leave orphans alone",
    test: "test/outbox/tabs.test.ts",
    breaks: "an outbox looks for orphans only when it is opened",
    changes: [["src/outbox/adopter.ts", "    this.#setAlarm(this.#options.everyMs);\n", ""]],
  },
  {
    name: "keep what is empty",
    test: "test/outbox/tabs.test.ts",
    breaks: "an adopted log stays open when nothing is left in it",
    changes: [
      [
        "src/outbox/adopter.ts",
        "    await outbox.close();\n    this.#adopted.delete",
        "    this.#adopted.delete",
      ],
    ],
  },
  {
    name: "tell of locks",
    test: "test/outbox/overtaken.test.ts",
    breaks: "an orphan that somebody else has taken first is told of as an error",
    changes: [
      [
        "src/outbox/orphans.ts",
        "if (isLocked(error)) onLocked?.();\n      else ",
        "if (isLocked(error)) onLocked?.();\n      ",
      ],
    ],
  },
  {
    name: "leave a storage that is gone",
    test: "test/outbox/reopening.test.ts",
    breaks: "an outbox whose storage is gone stays as it is",
    changes: [["src/outbox/gone.ts", 'each.code === "UNAVAILABLE"', 'each.code === "FENCED"']],
  },
  {
    name: "forget at reopening what was delivered",
    test: "test/outbox/reopening.test.ts",
    breaks: "an outbox that opens its logs anew takes only what they say for settled",
    changes: [["src/outbox/works.ts", " || known?.settled.has(offset) === true", ""]],
  },
  {
    name: "take rejected pushes back",
    test: "test/outbox/reopening.test.ts",
    breaks: "a push that was rejected is delivered when its log is opened anew",
    changes: [["src/outbox/works.ts", " || known?.rejected.has(id) === true", ""]],
  },
  {
    name: "forget the hold at reopening",
    test: "test/outbox/reopening.test.ts",
    breaks: "an outbox that was held delivers when its logs are opened anew",
    changes: [["src/outbox/works.ts", "  courier.held = remains?.held();\n", ""]],
  },
  {
    name: "let nobody wait for the reopening",
    test: "test/outbox/reopening.test.ts",
    breaks: "a push while the logs are opened anew goes to those that are gone",
    changes: [
      [
        "src/outbox/mender.ts",
        "if (this.trouble === undefined) return use(this.works);",
        "return use(this.works);",
      ],
    ],
  },
];
