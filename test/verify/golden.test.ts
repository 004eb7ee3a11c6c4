/** The golden logs, verified: what they were made to show is what is said of them. */
import { expect, test } from "vitest";
import { memoryStorage } from "../../adapters/memory/storage.ts";
import { verify } from "../../src/index.ts";
import { diskWith } from "../format/folder.ts";
import { goldenFolder, readGolden } from "../format/golden-files.ts";
import { goldens } from "../format/golden-scripts.ts";

for (const { name, topic, partition, path } of goldens) {
  test(`the golden log "${name}" is verified as it is listed`, async () => {
    const { files, listing } = readGolden(goldenFolder, name);
    const storage = memoryStorage({ disk: await diskWith(files, path) });
    const report = await verify({ storage, topic, partition });
    // Old bytes behind the end of a recycled file look like a write that did not end.
    const isTorn = ["torn", "unfinished", "recycled"].includes(name);
    expect(report).toMatchObject({
      verdict: isTorn ? "torn" : "sound",
      first: listing.first,
      next: listing.next,
      records: listing.records.length,
    });
    expect(report.segments.map(({ segment }) => segment).toSorted()).toEqual([...files.keys()].toSorted());
    const superseded = report.segments.filter(({ verdict }) => verdict === "superseded");
    expect(superseded.length > 0).toBe(["failed-flush", "truncated-after", "rewritten"].includes(name));
  });
}
