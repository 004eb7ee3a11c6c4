/** LevelDB, with `sync` for what has to be durable. */
import { ClassicLevel } from "classic-level";

export async function open(folder, { relaxed = false } = {}) {
  const options = { keyEncoding: "view", valueEncoding: "view" };
  const database = new ClassicLevel(folder, options);
  await database.open();
  const sync = { sync: !relaxed };
  let next = 0;
  for await (const key of database.keys({ reverse: true, limit: 1 })) next = numberOf(key) + 1;
  return {
    append: (value) => database.put(keyOf(next++), value, sync),
    appendMany: (values) =>
      database.batch(
        values.map((value) => ({ type: "put", key: keyOf(next++), value })),
        sync,
      ),
    async scan() {
      let total = 0;
      const iterator = database.values();
      for (let values = [null]; values.length > 0;) {
        values = await iterator.nextv(1000);
        for (const value of values) total += value.length;
      }
      await iterator.close();
      return total;
    },
    close: () => database.close(),
  };
}

/** Eight bytes that sort as their numbers do. */
export function keyOf(number) {
  const key = new Uint8Array(8);
  const view = new DataView(key.buffer);
  view.setUint32(0, Math.floor(number / 2 ** 32));
  view.setUint32(4, number % 2 ** 32);
  return key;
}

function numberOf(key) {
  const view = new DataView(key.buffer, key.byteOffset, 8);
  return view.getUint32(0) * 2 ** 32 + view.getUint32(4);
}
