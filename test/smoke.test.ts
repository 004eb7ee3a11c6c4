import { expect, test } from "vitest";
import { memoryStorage, MemoryDisk } from "../adapters/memory/storage.ts";
import { openLog } from "../src/index.ts";

for (const colour of ["sync", "async"] as const) {
  test(`appends, reopens and reads back (${colour})`, async () => {
    const disk = new MemoryDisk();
    const storage = memoryStorage({ colour, disk });
    const log = await openLog({ storage, topic: "orders", segment: { maxBytes: 2000 } });
    for (let i = 0; i < 50; i++) await log.append({ key: `k${i}`, value: `value ${i}`, headers: { a: "1" } });
    const many = await Promise.all(Array.from({ length: 20 }, (_, i) => log.append({ value: `many ${i}` })));
    expect(many.map((a) => a.offset)).toEqual(Array.from({ length: 20 }, (_, i) => 50 + i));
    const got: string[] = [];
    for await (const r of log.read()) got.push(new TextDecoder().decode(r.value));
    expect(got.length).toBe(70);
    await log.truncateBefore(10);
    await log.truncateAfter(59);
    console.log(log.stats(), many[0]);
    await log.close();
    const again = await openLog({ storage, topic: "orders", segment: { maxBytes: 2000 } });
    console.log(again.recovery);
    expect(again.first).toBe(10);
    expect(again.next).toBe(60);
    await again.append({ value: "x" });
    const offsets: number[] = [];
    for await (const r of again.read()) offsets.push(r.offset);
    expect(offsets).toEqual(Array.from({ length: 51 }, (_, i) => 10 + i));
    const crashed = await openLog({
      storage: memoryStorage({ colour, disk: disk.losePower() }),
      topic: "orders",
    });
    console.log(crashed.recovery);
    expect(crashed.next).toBe(61);
  });
}
