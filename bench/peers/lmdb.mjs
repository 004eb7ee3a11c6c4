/** LMDB. A write is durable when `flushed` has resolved, which says so of all writes before it. */
import { open as openDatabase } from "lmdb";
import { join } from "node:path";

export async function open(folder, { relaxed = false } = {}) {
  const database = openDatabase({ path: join(folder, "lmdb"), encoding: "binary", keyEncoding: "uint32" });
  let next = 0;
  for (const key of database.getKeys({ reverse: true, limit: 1 })) next = key + 1;
  const durable = async (written) => {
    await written;
    await database.flushed;
  };
  const acknowledged = relaxed ? (written) => written : durable;
  return {
    append: (value) => acknowledged(database.put(next++, value)),
    appendMany: (values) =>
      acknowledged(
        database.transaction(() => {
          for (const value of values) database.put(next++, value);
        }),
      ),
    scan() {
      let total = 0;
      for (const { value } of database.getRange({})) total += value.length;
      return total;
    },
    close: () => database.close(),
  };
}
