/** Names the functions in which a work spends its time. */
import { Session } from "node:inspector/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Answers the share of each function, those that it called left out, and the whole profile. */
export async function profiled(work) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 200 });
  await session.post("Profiler.start");
  await work();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  const own = new Map();
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  for (const [index, id] of profile.samples.entries()) {
    const name = nameOf(nodes.get(id).callFrame);
    own.set(name, (own.get(name) ?? 0) + profile.timeDeltas[index]);
  }
  const total = profile.endTime - profile.startTime;
  const functions = Array.from(own, ([name, micros]) => ({ name, share: micros / total }));
  return { functions: functions.toSorted((a, b) => b.share - a.share), profile };
}

function nameOf({ functionName, url, lineNumber }) {
  const name = functionName || "(no name)";
  if (url === "") return name;
  const file = url.startsWith("file:") ? fileURLToPath(url).replace(root, "") : url;
  return `${name} ${file}:${lineNumber + 1}`;
}
