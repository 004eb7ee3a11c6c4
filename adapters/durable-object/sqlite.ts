/**
 * What is used of a Durable Object's storage, and the tables in its SQLite database. Every statement that
 * this backend makes stands here.
 */

export type SqlValue = ArrayBuffer | Uint8Array | string | number | null;

/** The subset of the platform's `DurableObjectStorage` that is used here. */
export interface ObjectStorage {
  readonly sql: {
    exec(query: string, ...bindings: SqlValue[]): { toArray(): Record<string, SqlValue>[] };
  };
  /** Resolves when everything written before is durable. */
  sync(): Promise<void>;
}

/** A piece of a file: rows of one file do not overlap, and what lies between two of them is zeros. */
export interface Extent {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** The platform refuses rows over 2 MB, and workerd on a machine of one's own does not. */
export const extentBytesMax = 1024 * 1024;

const schema = [
  "CREATE TABLE IF NOT EXISTS walkabout_places (path TEXT PRIMARY KEY)",
  "CREATE TABLE IF NOT EXISTS walkabout_files (id INTEGER PRIMARY KEY, path TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (path, name))",
  "CREATE TABLE IF NOT EXISTS walkabout_extents (file INTEGER NOT NULL, position INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (file, position))",
];

export class Tables {
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
    for (const statement of schema) this.#run(statement);
  }

  sync(): Promise<void> {
    return this.#storage.sync();
  }

  paths(): string[] {
    return this.#run("SELECT path FROM walkabout_places").map(({ path }) => path as string);
  }

  hasPlace(path: string): boolean {
    return this.#run("SELECT 1 FROM walkabout_places WHERE path = ?", path).length > 0;
  }

  addPlace(path: string): void {
    this.#run("INSERT OR IGNORE INTO walkabout_places (path) VALUES (?)", path);
  }

  names(path: string): string[] {
    return this.#run("SELECT name FROM walkabout_files WHERE path = ?", path).map(
      ({ name }) => name as string,
    );
  }

  /** The number of a file, if it is there. */
  find(path: string, name: string): number | undefined {
    const [row] = this.#run("SELECT id FROM walkabout_files WHERE path = ? AND name = ?", path, name);
    return row?.["id"] as number | undefined;
  }

  addFile(path: string, name: string): number {
    this.#run("INSERT INTO walkabout_files (path, name) VALUES (?, ?)", path, name);
    return this.find(path, name)!;
  }

  removeFile(id: number): void {
    this.#run("DELETE FROM walkabout_extents WHERE file = ?", id);
    this.#run("DELETE FROM walkabout_files WHERE id = ?", id);
  }

  /** Where the last extent of a file ends. */
  end(id: number): number {
    const query =
      "SELECT position + length(bytes) AS last FROM walkabout_extents WHERE file = ? ORDER BY position DESC LIMIT 1";
    return (this.#run(query, id)[0]?.["last"] as number | undefined) ?? 0;
  }

  /** The extents that hold bytes of `[from, to)`, in their order. */
  extents(id: number, from: number, to: number): Extent[] {
    const query =
      "SELECT position, bytes FROM walkabout_extents WHERE file = ?1 AND position < ?3 AND position >= " +
      "coalesce((SELECT max(position) FROM walkabout_extents WHERE file = ?1 AND position <= ?2), 0) ORDER BY position";
    return this.#run(query, id, from, to)
      .map(({ position, bytes }) => ({
        position: position as number,
        bytes: new Uint8Array(bytes as ArrayBuffer),
      }))
      .filter(({ position, bytes }) => position + bytes.length > from);
  }

  add(id: number, { position, bytes }: Extent): void {
    this.#run("INSERT INTO walkabout_extents (file, position, bytes) VALUES (?, ?, ?)", id, position, bytes);
  }

  remove(id: number, position: number): void {
    this.#run("DELETE FROM walkabout_extents WHERE file = ? AND position = ?", id, position);
  }

  #run(query: string, ...bindings: SqlValue[]): Record<string, SqlValue>[] {
    return this.#storage.sql.exec(query, ...bindings).toArray();
  }
}
