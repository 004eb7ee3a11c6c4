/** What is appended: how many callers await an answer at the same time, how many records a call has, and their size. */

const sizes = [
  ["100 B", 100],
  ["1 KiB", 1024],
  ["64 KiB", 64 * 1024],
];

const shapes = [
  ["one at a time", { callers: 1, batch: 1 }],
  ["batches of 64", { callers: 1, batch: 64 }],
  ["batches of 1,024", { callers: 1, batch: 1024 }],
  ["64 callers", { callers: 64, batch: 1 }],
  ["1,024 callers", { callers: 1024, batch: 1 }],
];

/** A batch of 64 MiB is more than a log takes as one by default, and left out. */
const batchBytesMax = 16 * 2 ** 20;

export const durableWorkloads = shapes.flatMap(([shape, counts]) =>
  sizes
    .filter(([, bytes]) => counts.batch * bytes <= batchBytesMax)
    .map(([size, bytes]) => ({ name: `${shape}, ${size}`, ...counts, bytes })),
);

export const relaxedWorkloads = durableWorkloads
  .filter(({ batch, bytes, callers }) => bytes === 100 && batch !== 64 && callers !== 64)
  .map((workload) => ({ ...workload, relaxed: true }));

export const workloadNamed = (name) => durableWorkloads.find((workload) => workload.name === name);
