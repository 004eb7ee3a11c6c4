/** SQLite in its safe setting: a write-ahead log, flushed at each commit. Both bindings have the same verbs. */
import { join } from "node:path";

export async function open(folder, { binding, relaxed = false } = {}) {
  const database = await opened(binding, join(folder, "log.sqlite"));
  database.exec("PRAGMA journal_mode=WAL");
  database.exec(`PRAGMA synchronous=${relaxed ? "NORMAL" : "FULL"}`);
  database.exec("CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, value BLOB)");
  const insert = database.prepare("INSERT INTO log (value) VALUES (?)");
  const begin = database.prepare("BEGIN");
  const commit = database.prepare("COMMIT");
  return {
    append: (value) => void insert.run(value),
    appendMany(values) {
      begin.run();
      for (const value of values) insert.run(value);
      commit.run();
    },
    scan() {
      let total = 0;
      for (const { value } of database.prepare("SELECT value FROM log ORDER BY id").iterate()) {
        total += value.length;
      }
      return total;
    },
    close: () => database.close(),
  };
}

async function opened(binding, path) {
  if (binding === "node:sqlite") {
    const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync(path);
  }
  const { default: Database } = await import("better-sqlite3");
  return new Database(path);
}
