import { test } from "vitest";
import { MemoryDisk } from "../../adapters/memory/storage.ts";
import { Bench } from "./golden-bench.ts";
import { decodeLog } from "./decoder.ts";
import { takeFolder, withFile } from "./folder.ts";
import { batchFields, segmentFields, setNumber, reseal, rechain, relink } from "./forge.ts";
import { outcomeOf, strangerSays } from "./outcome.ts";

async function make(closed: boolean) {
  const bench = new Bench("sync", new MemoryDisk());
  const log = await bench.open({ topic: "log" });
  for (let i = 0; i < 6; i++) {
    await log.appendBatch([{ value: `a ${i}` }, { value: `b ${i}`, timestamp: bench.clock + 5 }]);
    if (i === 2) await log.rotate();
  }
  if (closed) await log.close();
  return takeFolder(bench.disk, "log/0");
}

test("explore", async () => {
  for (const closed of [true, false]) {
    const files = await make(closed);
    const segs = decodeLog(files).segments;
    console.log(closed, segs.map((s) => [s.name, s.end, s.file.length, s.batches.map((b) => b.control?.is ?? "data").join()]));
    for (const [si, seg] of segs.entries()) {
      for (const f of segmentFields) {
        const mut = withFile(files, seg.name, (b) => { b[f.at] ^= 1; return b; });
        let o; try { o = await outcomeOf(mut, "log"); } catch (e) { o = { verdict: String(e), offsets: [], message: "" }; }
        console.log(`closed=${closed} seg${si} header ${f.name}: ${o.verdict} ${o.offsets.length} ${strangerSays(mut)} ${o.message}`);
      }
      for (const [bi, batch] of seg.batches.entries()) {
        for (const f of batchFields) for (const mode of ["raw", "resealed", "rechained"]) {
          if (f.name === "checksum" && mode !== "raw") continue;
          const mut = withFile(files, seg.name, (b) => {
            b[batch.position + f.at] ^= f.name === "attributes" ? 4 : f.name === "length" ? 8 : 1;
            if (mode !== "raw") reseal(b, batch);
            if (mode === "rechained") rechain(b, seg, batch);
            return b;
          });
          if (mode === "rechained" && si === 0) relink(mut, segs);
          let o; try { o = await outcomeOf(mut, "log"); } catch (e) { o = { verdict: String(e), offsets: [], message: "" }; }
          console.log(`closed=${closed} seg${si} batch${bi}(${batch.control?.is ?? "data"}) ${f.name} ${mode}: ${o.verdict} ${o.offsets.length} | ${strangerSays(mut)} | ${o.message}`);
        }
      }
    }
  }
});
