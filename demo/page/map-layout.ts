/** Where each byte of a log is drawn: segments below each other, each a strip that is wrapped into lines. Pure arithmetic. */

export interface Strip {
  readonly name: string;
  readonly bytes: number;
}

/** A rectangle in CSS pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const lineHeight = 13;
const linePitch = 16;
const labelHeight = 20;
const segmentGap = 10;
const bytesPerLineMin = 512;

export class MapLayout {
  readonly width: number;
  readonly height: number;
  readonly bytesPerLine: number;
  readonly #strips: readonly { readonly name: string; readonly bytes: number; readonly y: number }[];

  /** Takes the smallest scale, by powers of two, at which there are about `linesMax` lines. */
  constructor(strips: readonly Strip[], width: number, linesMax: number) {
    let bytesPerLine = bytesPerLineMin;
    const linesAt = (scale: number): number =>
      strips.reduce((sum, { bytes }) => sum + Math.max(1, Math.ceil(bytes / scale)), 0);
    while (linesAt(bytesPerLine) > Math.max(linesMax, strips.length)) bytesPerLine *= 2;
    let y = 0;
    this.#strips = strips.map(({ name, bytes }) => {
      const strip = { name, bytes, y: y + labelHeight };
      y = strip.y + Math.max(1, Math.ceil(bytes / bytesPerLine)) * linePitch + segmentGap;
      return strip;
    });
    this.width = width;
    this.height = Math.max(y, lineHeight);
    this.bytesPerLine = bytesPerLine;
  }

  /** Where the name of a segment stands: the baseline of its text. */
  labelOf(index: number): number {
    return this.#strips[index]!.y - 6;
  }

  /** The boxes that a stretch of bytes covers, one for each line that it touches. */
  boxesOf(index: number, from: number, to: number): Box[] {
    const { y } = this.#strips[index]!;
    const { bytesPerLine, width } = this;
    const boxes: Box[] = [];
    for (let line = Math.floor(from / bytesPerLine); line * bytesPerLine < to; line++) {
      const left = Math.max(from - line * bytesPerLine, 0) / bytesPerLine;
      const right = Math.min(to - line * bytesPerLine, bytesPerLine) / bytesPerLine;
      boxes.push({
        x: left * width,
        y: y + line * linePitch,
        width: Math.max((right - left) * width, 1),
        height: lineHeight,
      });
    }
    return boxes;
  }

  /** The segment and the byte at a point, if there is one. */
  at(x: number, y: number): { readonly index: number; readonly position: number } | undefined {
    for (const [index, strip] of this.#strips.entries()) {
      const line = Math.floor((y - strip.y) / linePitch);
      const lines = Math.max(1, Math.ceil(strip.bytes / this.bytesPerLine));
      if (line < 0 || line >= lines) continue;
      const position = Math.floor((line + x / this.width) * this.bytesPerLine);
      return position < strip.bytes ? { index, position } : undefined;
    }
    return undefined;
  }
}
