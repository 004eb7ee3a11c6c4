/** RocksDB, in the binding that hypercore uses. It offers no flush of a write. */
import RocksDB from "rocksdb-native";
import { join } from "node:path";
import { keyOf } from "./level.mjs";

const view = (number) => Buffer.from(keyOf(number).buffer);

export async function open(folder) {
  const database = new RocksDB(join(folder, "rocksdb"));
  await database.ready();
  let next = 0;
  const appendMany = async (values) => {
    const batch = database.write();
    for (const value of values) void batch.put(view(next++), Buffer.from(value.buffer));
    await batch.flush();
    batch.destroy();
  };
  return {
    append: (value) => appendMany([value]),
    appendMany,
    async scan() {
      let total = 0;
      for await (const { value } of database.iterator({ gte: view(0) })) total += value.length;
      return total;
    },
    close: () => database.close(),
  };
}
