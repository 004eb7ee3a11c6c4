/** Kills workerd, and cuts the power of its disk, while objects of it append; and compares what is left. */
import { LoopDisk, whyNoLoopDisk } from "../tools/loop-disk.mjs";
import { folder } from "./install.mjs";
import { startWorkerd } from "./workerd.mjs";

const accidents = Number(process.env.EDGE_ACCIDENTS ?? 10);

export async function checkAccidents(tally) {
  await tally.check(`keeps every acknowledged record through ${accidents} kills`, () =>
    surviveAccidents(`${folder}/disk`),
  );
  await tally.check(`keeps every acknowledged record through ${accidents} losses of power`, async () => {
    const whyNot = whyNoLoopDisk("ext4");
    if (whyNot !== undefined) return `not tried: ${whyNot}`;
    const disk = new LoopDisk("ext4", 200);
    try {
      return await surviveAccidents(disk.folder, disk);
    } finally {
      disk.remove();
    }
  });
}

/** Kills it again and again, and takes the power of its disk before if there is one that can lose it. */
async function surviveAccidents(path, disk) {
  const expected = [];
  for (let round = 0; round <= accidents; round++) {
    const workerd = await startWorkerd(`${path}/objects`);
    try {
      await compare(workerd, expected);
      const appending = appendUntilItDies(workerd, round, expected);
      await new Promise((done) => setTimeout(done, 30 + Math.random() * 150));
      if (disk !== undefined) {
        await workerd.freeze();
        disk.cutPower();
      }
      await workerd.kill();
      await appending;
    } finally {
      await workerd.kill();
    }
    await disk?.remount();
  }
  return `${expected.filter(Boolean).length} records acknowledged`;
}

/** Several clients append values of their own; what is acknowledged goes into `expected`, by its offset. */
async function appendUntilItDies(workerd, round, expected) {
  const client = async (number) => {
    for (let batch = 0; ; batch++) {
      const values = Array.from(
        { length: 5 },
        (_, index) => `${round} ${number} ${batch} ${index} ${"x".repeat(100)}`,
      );
      let acks;
      try {
        const response = await fetch(workerd.url("/log/append"), {
          method: "POST",
          body: JSON.stringify(values),
        });
        acks = await response.json();
      } catch {
        return;
      }
      for (const [index, { offset, durability }] of acks.entries()) {
        if (durability !== "disk") throw new Error(`offset ${offset} was acknowledged as ${durability}`);
        expected[offset] = values[index];
      }
    }
  };
  await Promise.all(Array.from({ length: 4 }, (_, number) => client(number)));
}

async function compare(workerd, expected) {
  const { values, recovery } = await (await fetch(workerd.url("/log/read"))).json();
  for (const [offset, value] of expected.entries()) {
    if (value === undefined || values[offset] === value) continue;
    throw new Error(
      `offset ${offset} was acknowledged and is ${values[offset] ?? "gone"} (${JSON.stringify(recovery)})`,
    );
  }
}
