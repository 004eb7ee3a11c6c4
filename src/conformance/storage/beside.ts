/** Reading a place while somebody else writes it. */
import { pattern, segmentName } from "../bytes.ts";
import type { Check } from "../check.ts";
import { demand, demandSame, demandSameBytes, demandSameNames } from "../demand.ts";
import * as contract from "./contract.ts";

const [first, second] = [segmentName(0), segmentName(5)];

export const beside: readonly Check[] = [
  {
    name: "a place can be opened for reading while it is open for writing, and shows what was flushed",
    needs: ["readBeside"],
    async run(bench) {
      const writer = await bench.place();
      const file = await bench.filled(writer, first, pattern(3000, 1));
      const reader = await bench.reader();
      const seen = await bench.openFile(reader, first);
      demandSameNames(await reader.list(), [first], contract.place.list, "what the reader lists");
      demandSameBytes(
        await bench.bytesOf(seen),
        pattern(3000, 1),
        contract.mode.read,
        "what the reader sees",
      );
      await bench.write(file, pattern(3000, 2), 3000);
      await file.flush();
      demandSame(
        await seen.size(),
        6000,
        contract.file.size,
        "the size that the reader sees after more was flushed",
      );
      const bytes = await bench.read(seen, 3000, 3000, 6000);
      demandSameBytes(
        bytes,
        pattern(3000, 2),
        contract.file.read,
        "what was flushed since the reader opened the file",
      );
    },
  },
  {
    name: "a reader sees the names that the writer creates and removes",
    needs: ["readBeside"],
    async run(bench) {
      const writer = await bench.place();
      await bench.close(await bench.filled(writer, first, pattern(10, 1)));
      const reader = await bench.reader();
      const file = await bench.filled(writer, second, pattern(10, 2));
      demandSameNames(
        await reader.list(),
        [first, second],
        contract.place.list,
        "what the reader lists after a create",
      );
      await writer.remove(first, { reuse: true });
      await file.flush();
      demandSameNames(
        await reader.list(),
        [second],
        contract.place.list,
        "what the reader lists after a removal",
      );
      const bytes = await bench.bytesOf(await bench.openFile(reader, second));
      demandSameBytes(bytes, pattern(10, 2), contract.place.openToRead, second);
    },
  },
  {
    name: "another storage over the same data reads what the first one writes",
    needs: ["again", "readBeside"],
    async run(bench) {
      const writer = await bench.place();
      await bench.filled(writer, first, pattern(5000, 1));
      const reader = await bench.reader(bench.path, await bench.again());
      demandSameNames(await reader.list(), [first], contract.place.list, "what the other storage lists");
      const bytes = await bench.bytesOf(await bench.openFile(reader, first));
      demandSameBytes(bytes, pattern(5000, 1), contract.mode.read, "what the other storage reads");
    },
  },
  {
    name: "readers come and go, and the writer keeps the lock and goes on",
    needs: ["readBeside"],
    async run(bench) {
      const writer = await bench.place();
      const file = await bench.filled(writer, first, pattern(100, 0));
      for (let turn = 1; turn < 5; turn++) {
        const reader = await bench.reader();
        const seen = await bench.openFile(reader, first);
        demandSame(await seen.size(), turn * 100, contract.file.size, "the size that the reader sees");
        await bench.close(seen);
        await bench.close(reader);
        await bench.write(file, pattern(100, turn), turn * 100);
        await file.flush();
        const isLocked = await bench.isLocked();
        demand(isLocked, contract.mode.locked, () => "Closing a reader freed the writer's lock.");
      }
    },
  },
];
