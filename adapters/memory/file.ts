/**
 * One file of the in-memory disk, which keeps two images: what was written, and what of it was
 * flushed. It knows nothing of names; the disk tells it what to do when it is flushed.
 */

/** The bytes of a file, shared by all handles that are open on it. */
export class MemoryFile {
  #written = new Uint8Array(0);
  #writtenSize = 0;
  #flushed = new Uint8Array(0);
  #flushedSize = 0;
  /** The range that was written since the last flush. */
  #dirtyStart = Infinity;
  #dirtyEnd = 0;

  get size(): number {
    return this.#writtenSize;
  }

  read(target: Uint8Array, position: number): number {
    const end = Math.min(position + target.length, this.#writtenSize);
    if (end <= position) return 0;
    target.set(this.#written.subarray(position, end));
    return end - position;
  }

  write(source: Uint8Array, position: number): number {
    const end = position + source.length;
    this.#written = grown(this.#written, end);
    this.#written.set(source, position);
    this.#dirty(position, end);
    this.#writtenSize = Math.max(this.#writtenSize, end);
    return source.length;
  }

  truncate(size: number): void {
    this.#written = grown(this.#written, size);
    this.#written.fill(0, size, Math.max(size, this.#writtenSize));
    this.#dirty(Math.min(size, this.#writtenSize), Math.max(size, this.#writtenSize));
    this.#writtenSize = size;
  }

  flush(): void {
    if (this.#dirtyEnd > this.#dirtyStart) {
      this.#flushed = grown(this.#flushed, this.#dirtyEnd);
      this.#flushed.set(this.#written.subarray(this.#dirtyStart, this.#dirtyEnd), this.#dirtyStart);
    }
    this.#flushedSize = this.#writtenSize;
    this.#dirtyStart = Infinity;
    this.#dirtyEnd = 0;
  }

  /** A new file that holds what a loss of power leaves of this one. */
  survivor(): MemoryFile {
    const file = new MemoryFile();
    file.write(this.#flushed.subarray(0, this.#flushedSize), 0);
    file.flush();
    return file;
  }

  #dirty(start: number, end: number): void {
    this.#dirtyStart = Math.min(this.#dirtyStart, start);
    this.#dirtyEnd = Math.max(this.#dirtyEnd, end);
  }
}

function grown(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  if (size <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.max(size, bytes.length * 2, 4096));
  larger.set(bytes);
  return larger;
}
