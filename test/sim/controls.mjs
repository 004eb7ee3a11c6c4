/**
 * The engine, broken on purpose: each control changes one thing in a copy of the sources, and a search that
 * does not turn red then would not find such a mistake. A snippet that is not found exactly once is an error,
 * so that a control cannot quietly stop breaking anything.
 */

/** A control: what it breaks, the search that is known to find it, and in which files `from` becomes `to`. */
export const controls = [
  {
    name: "skip the flush",
    search: "crash everywhere",
    breaks: "a flush of the storage does nothing",
    changes: [["adapters/memory/simulated/disk.ts", "      file.flush(until);\n", ""]],
  },
  {
    name: "skip the directory flush",
    search: "crash everywhere",
    breaks: "a flush of the storage makes no name durable",
    changes: [
      ["adapters/memory/simulated/disk.ts", "      this.#settle(isCovered);", "      void isCovered;"],
    ],
  },
  {
    name: "mark the name durable too early",
    search: "crash everywhere",
    breaks: "a new segment counts as created before its bytes and its name are flushed",
    changes: [
      [
        "src/engine/birth.ts",
        "const strength = (await file.flush()) ?? undefined;",
        "const strength = undefined;",
      ],
    ],
  },
  {
    name: "ack before the flush",
    search: "crash everywhere",
    breaks: "appends are acknowledged when they are written",
    changes: [
      [
        "src/engine/flight.ts",
        "    this.#attempt(() => active.file.flush(), flushed, failed);",
        "    flushed();\n    this.#attempt(() => active.file.flush(), () => undefined, failed);",
      ],
    ],
  },
  {
    name: "ack out of order",
    search: "random runs",
    breaks: "one flush that succeeds acknowledges every group that is on its way",
    changes: [
      [
        "src/engine/flight.ts",
        "      for (const group of groups) group.flushed = strength ?? storage.durability;",
        "      for (const group of this.#groups) group.flushed = strength ?? storage.durability;",
      ],
    ],
  },
  {
    name: "ignore the watermark",
    search: "every byte",
    breaks: "a watermark behind damaged bytes is no witness",
    changes: [["src/engine/tail.ts", "vouchedEnd: Math.max(watermark, later),", "vouchedEnd: watermark,"]],
  },
  {
    name: "no epoch",
    search: "random runs",
    breaks: "a new segment has the epoch of the one before",
    changes: [["src/engine/core.ts", "let epoch = this.epoch + 1;", "let epoch = Math.max(1, this.epoch);"]],
  },
  {
    name: "no chain",
    search: "every byte",
    breaks: "a batch need not know the checksum of the one before it",
    changes: [["src/engine/walker.ts", " ||\n      header.previousChecksum !== previous", ""]],
  },
  {
    name: "no payload checksum",
    search: "every byte",
    breaks: "the bytes of records are not verified",
    changes: [
      [
        "src/engine/walker.ts",
        'if (checksum(chunks.view, at, at + header.length) !== header.payloadChecksum) return "damaged";',
        "",
      ],
    ],
  },
  {
    name: "retry in the same file",
    search: "random runs",
    breaks: "after a failed flush, the retry is written over the failed bytes",
    changes: [
      [
        "src/engine/core.ts",
        "    if (active.finished) await this.advance(this.continuation(this.state.snapshot()));",
        "    active.finished = false;\n    active.end = active.flushedEnd;\n    active.checksum = active.flushedChecksum;",
      ],
    ],
  },
  {
    name: "append behind the failed bytes",
    search: "random runs",
    breaks: "after a failed flush, the retry is written behind the failed bytes",
    changes: [
      [
        "src/engine/core.ts",
        "    if (active.finished) await this.advance(this.continuation(this.state.snapshot()));",
        "    active.finished = false;",
      ],
    ],
  },
  {
    name: "advance the offset on failure",
    search: "random runs",
    breaks: "a failed flush does not give its offsets back",
    changes: [
      ["src/engine/intake.ts", "    this.next = this.#core.durable;\n    return lost;", "    return lost;"],
    ],
  },
  {
    name: "cut on a read error",
    search: "random runs",
    breaks: "a read that fails counts as the end of the file",
    changes: [
      [
        "src/engine/files.ts",
        '    } catch (cause) {\n      this.release(name);\n      throw this.#readFailed("read", name, cause);',
        "    } catch {\n      this.release(name);\n      return 0;",
      ],
    ],
  },
  {
    name: "stop at a zero checksum",
    search: "random runs",
    breaks: "a checksum of 0 ends the log (of which only one byte is looked at, so that it happens)",
    changes: [
      [
        "src/format/batch-header.ts",
        "  const header: BatchHeader = {\n    checksum: sum,",
        "  if ((sum & 255) === 0) return undefined;\n  const header: BatchHeader = {\n    checksum: sum,",
      ],
    ],
  },
  {
    name: "read past durable",
    search: "random runs",
    breaks: "readers are shown what is written and not flushed yet",
    changes: [
      [
        "src/engine/writer-view.ts",
        "      return core.durable;",
        "      return core.active.end > core.active.flushedEnd ? intake.next : core.durable;",
      ],
      [
        "src/engine/writer-view.ts",
        "    get visibleEnd() {\n      return core.active.flushedEnd;",
        "    get visibleEnd() {\n      return core.active.end;",
      ],
      [
        "src/engine/writer-view.ts",
        "      return core.active.flushedChecksum;",
        "      return core.active.checksum;",
      ],
    ],
  },
  {
    name: "serve an unflushed tail",
    search: "crash everywhere",
    breaks: "after an unclean stop, what nothing vouches for is served without being rewritten",
    changes: [
      [
        "src/engine/open.ts",
        "  else if (tail.closed) await resume(core, tail);",
        "  else if (tail.end.offset > 0) await resume(core, tail);",
      ],
    ],
  },
  {
    name: "take a short write for a whole one",
    search: "errors everywhere",
    breaks: "the count that a write answers is not looked at",
    changes: [
      [
        "src/engine/flight.ts",
        "      if (count !== bytes.length) return",
        "      if (count > bytes.length) return",
      ],
    ],
  },
  {
    name: "let followers wait for ever",
    search: "random runs",
    breaks: "the groups behind a failed flush are never told",
    changes: [
      [
        "src/engine/writer.ts",
        "    for (const group of groups) group.reject(error);",
        "    groups[0]?.reject(error);",
      ],
    ],
  },
  {
    name: "remove before the truncation is durable",
    search: "crash everywhere",
    breaks: "segments are removed before the log says durably that it begins behind them",
    changes: [
      [
        "src/engine/maintenance.ts",
        `    await writeControl(core, { kind: "first", first: offset });`,
        `    core.state.first = offset;\n    await core.dropTruncated();\n    await writeControl(core, { kind: "first", first: offset });`,
      ],
    ],
  },
  {
    name: "remove from the first one on",
    search: "crash everywhere",
    breaks: "replaced segments are removed in the order of their offsets, and all at once",
    changes: [
      [
        "src/engine/core.ts",
        "...superseded.toReversed().map((name) => ({ name, reuse: false, alone: true }))",
        "...superseded.map((name) => ({ name, reuse: false, alone: false }))",
      ],
    ],
  },
  {
    name: "forget the producers",
    search: "random runs",
    breaks: "a new segment does not repeat who has written what",
    changes: [["src/engine/state.ts", "producers: this.producers.states() };", "producers: [] };"]],
  },
  {
    name: "close over unflushed bytes",
    search: "crash everywhere",
    breaks: "a close vouches for a witness that was never flushed",
    changes: [
      [
        "src/engine/maintenance.ts",
        `    if (control.kind === "close" && active.end > active.flushedEnd) await active.file.flush();\n`,
        "",
      ],
    ],
  },
  {
    name: "truncate in memory only",
    search: "crash everywhere",
    breaks: "a truncation where a flush has failed does nothing",
    changes: [
      [
        "src/engine/maintenance.ts",
        `    if (core.active.finished) await guarded(core, writer, "begin the segment behind", () => core.repair());\n    return;`,
        "    return;",
      ],
    ],
  },
  {
    name: "recycle what has failed",
    search: "random runs",
    breaks: "any dropped segment's file is used again",
    changes: [["src/engine/core.ts", "reuse: isHealthy && index === last,", "reuse: index === last,"]],
  },
];

/** A plugin for Vite that makes the changes of a control while the sources are bundled. */
export function breaking({ name, changes }) {
  const made = new Set();
  return {
    name: `break: ${name}`,
    enforce: "pre",
    transform(code, id) {
      let changed = code;
      for (const [file, from, to] of changes) {
        if (!id.endsWith(`/${file}`)) continue;
        if (changed.split(from).length !== 2)
          throw new Error(`control "${name}": ${file} does not hold exactly once: ${from}`);
        changed = changed.replace(from, () => to);
        made.add(from);
      }
      return changed === code ? undefined : { code: changed, map: null };
    },
    buildEnd() {
      if (made.size !== changes.length)
        throw new Error(`control "${name}" changes files that no search uses`);
    },
  };
}
