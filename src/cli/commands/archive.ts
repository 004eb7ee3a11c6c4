/** `export` and `import`: one file for a whole log. */
import { createReadStream, createWriteStream, existsSync, statSync, unlinkSync } from "node:fs";
import { addAbortSignal, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { dirname, join } from "node:path";
import { nodeStorage } from "../../../adapters/node/storage.ts";
import { exportLog } from "../../export.ts";
import { importLog } from "../../import.ts";
import { pathOf } from "../../format/names.ts";
import { exists, logAt, notThere } from "../address.ts";
import { type Command, exit, UsageError } from "../command.ts";
import { bytesText, countText } from "../text.ts";

export const exportCommand: Command = {
  name: "export",
  summary: "write a whole log to one file, a tar of its segments",
  usage: "<log> [--to <file>]",
  arity: [1, 1],
  flags: { to: { type: "string", value: "<file>", help: "a new file" } },
  about: [
    "Without --to it goes to stdout.",
    "It is what a browser downloads as well: walkabout import, or any tar program, makes a log of it again.",
  ],
  examples: ["./data/orders/0 --to orders.tar", "./data/orders/0 | gzip > orders.tar.gz"],
  async run({ positionals: [path], flags, output, signal }) {
    const log = logAt(path!);
    const to = flags.get("to");
    if (to === undefined) {
      if (output.json)
        throw new UsageError("stdout is for the archive: say --to <file> to have --json as well");
      if (process.stdout.isTTY === true)
        throw new UsageError("an archive is not for a terminal: say --to <file>, or redirect stdout");
      for await (const chunk of exportLog(log.address)) {
        signal.throwIfAborted();
        await output.bytes(chunk);
      }
      return exit.fine;
    }
    if (existsSync(to)) throw new UsageError(`${to} exists already, and is not overwritten`);
    if (!exists(dirname(to))) throw notThere(dirname(to));
    let bytes = 0;
    const counted = async function* () {
      for await (const chunk of exportLog(log.address)) {
        bytes += chunk.length;
        output.progress(`${bytesText(bytes)} written`);
        yield chunk;
      }
    };
    try {
      await pipeline(Readable.from(counted()), createWriteStream(to, { flags: "wx", flush: true }), {
        signal,
      });
    } catch (error) {
      if (bytes > 0) unlinkSync(to);
      throw error;
    }
    output.progress("");
    if (output.json) await output.value({ log: log.path, file: to, bytes });
    else await output.line(`${log.path} exported to ${to}, ${bytesText(bytes)}`);
    return exit.fine;
  },
};

export const importCommand: Command = {
  name: "import",
  summary: "make a log of an exported file; - is stdin",
  usage: "<file> <dir>",
  arity: [2, 2],
  flags: {},
  about: ["The log is made as <dir>/<topic>/<partition>, where none may be yet."],
  examples: ["orders.tar ./data", "- ./data < orders.tar"],
  async run({ positionals: [file, dir], output, signal }) {
    if (file !== "-" && !exists(file!)) throw notThere(file!);
    if (file !== "-" && statSync(file!).isDirectory()) {
      throw new UsageError(`${file} is a folder; an archive is one file, made by walkabout export`);
    }
    const input = file === "-" ? process.stdin : createReadStream(file!, { highWaterMark: 2 ** 20 });
    const report = await importLog(nodeStorage(dir!), addAbortSignal(signal, input));
    const log = join(dir!, ...pathOf(report.topic, report.partition));
    if (output.json) await output.value({ log, ...report });
    else
      await output.line(
        `${countText(report.segments, "segment")}, ${bytesText(report.bytes)}, imported to ${log}`,
      );
    return exit.fine;
  },
};
