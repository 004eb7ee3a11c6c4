/**
 * The bytes of a log folder as a map from names to bytes: taken from a memory disk, and put on one. The
 * tests of the format change them in between.
 */
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";

export type FolderBytes = Map<string, Uint8Array>;

/** What is in a folder of the disk, sorted by name. */
export function takeFolder(disk: MemoryDisk, path: string): FolderBytes {
  const files: FolderBytes = new Map();
  for (const [name, file] of disk.folder(path).names) {
    const bytes = new Uint8Array(file.size);
    file.read(bytes, 0);
    files.set(name, bytes);
  }
  return new Map([...files].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** A new disk with one folder, of which everything has been flushed. */
export async function diskWith(files: ReadonlyMap<string, Uint8Array>, path: string): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const place = await memoryStorage({ disk }).open(path.split("/"), { mode: "write" });
  for (const [name, bytes] of files) {
    const file = await place!.create(name);
    await file.write(bytes, 0);
    await file.flush();
    await file.close();
  }
  await place!.close();
  return disk;
}

/** A copy of the files, of which one is changed. */
export function withFile(
  files: FolderBytes,
  name: string,
  change: (bytes: Uint8Array) => Uint8Array,
): FolderBytes {
  const before = files.get(name);
  if (before === undefined) throw new Error(`there is no file ${name} among ${[...files.keys()].join(", ")}`);
  return new Map(
    [...files].map(([each, bytes]) => [each, each === name ? change(before.slice()) : bytes.slice()]),
  );
}
