/** The queue of those who wait, and of what waits, for something that comes in order. */
import { expect, test } from "vitest";
import { Queue } from "../../src/queue.ts";

test("gives back what was added, once and in order", () => {
  const queue = new Queue("a");
  for (const item of ["b", "c", "d", "e"]) queue.add(item);
  expect([queue.take(), queue.take(), queue.take()]).toEqual(["a", "b", "c"]);
  expect([queue.first, queue.length]).toEqual(["d", 2]);
  queue.add("f");
  expect(queue.takeAll()).toEqual(["d", "e", "f"]);
  expect([queue.first, queue.length]).toEqual([undefined, 0]);
  queue.add("g");
  expect([queue.first, queue.take(), queue.length]).toEqual(["g", "g", 0]);
});

test("keeps the order when it is filled and emptied at different speeds", () => {
  const queue = new Queue<number>();
  const taken: number[] = [];
  for (let item = 0; item < 10_000; item++) {
    queue.add(item);
    if (item % 3 > 0) taken.push(queue.take());
    expect(queue.first).toBe(queue.length > 0 ? taken.length : undefined);
  }
  taken.push(...queue.takeAll());
  expect(taken).toEqual(Array.from({ length: 10_000 }, (_, item) => item));
});
