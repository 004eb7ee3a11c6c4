/** Which boundaries a watermark reaches, however many it reaches at once. */
import { expect, test } from "vitest";
import { Unreached } from "../../src/engine/unreached.ts";
import type { Boundary } from "../../src/engine/walker.ts";

const at = (position: number): Boundary => ({ position, offset: position, checksum: 0 });

function taken(unreached: Unreached, watermark: number): number[] {
  const positions: number[] = [];
  for (let next = unreached.take(watermark); next !== undefined; next = unreached.take(watermark))
    positions.push(next.position);
  return positions;
}

test("are taken once and in order, up to the watermark", () => {
  const unreached = new Unreached(at(8));
  for (const position of [16, 24, 32, 40]) unreached.add(at(position));
  expect(taken(unreached, 7)).toEqual([]);
  expect(taken(unreached, 8)).toEqual([8]);
  expect(taken(unreached, 39)).toEqual([16, 24, 32]);
  unreached.add(at(48));
  expect(taken(unreached, 39)).toEqual([]);
  expect(taken(unreached, 1000)).toEqual([40, 48]);
  expect(taken(unreached, 1000)).toEqual([]);
  unreached.add(at(56));
  expect(taken(unreached, 56)).toEqual([56]);
});

test("a watermark that moves slowly behind many takes each of them", () => {
  const unreached = new Unreached();
  const count = 10_000;
  const positions: number[] = [];
  for (let position = 0; position < count; position++) {
    unreached.add(at(position));
    if (position >= count / 2) positions.push(...taken(unreached, position - count / 2));
  }
  positions.push(...taken(unreached, count));
  expect(positions).toEqual(Array.from({ length: count }, (_, position) => position));
});
