/** The whole report, made of what was measured: a title, how it was made, and its sections. */
import { durableSection, relaxedSection } from "./appends.mjs";
import { table, text } from "./blocks.mjs";
import { memorySection, microSection } from "./costs.mjs";
import { judge } from "./goals.mjs";
import { latencySection } from "./latencies.mjs";
import { browserSection, edgeSection, profileSection } from "./places.mjs";
import { flushesSection } from "./promises.mjs";
import { openSection, replaySection } from "./reading.mjs";
import { failedText } from "./text.mjs";

const sections = [
  ["append", "Durable appends", durableSection],
  ["relaxed", "Relaxed appends", relaxedSection],
  ["flushes", "What an answer means", flushesSection],
  ["latency", "Tail latency", latencySection],
  ["replay", "Replay", replaySection],
  ["open", "Opening", openSection],
  ["memory", "Memory", memorySection],
  ["micro", "The steps of a record", microSection],
  ["browser", "In a browser", browserSection],
  ["edge", "In a Durable Object", edgeSection],
  ["profile", "Where the time goes", profileSection],
];

export function documentOf(figures) {
  const { parts } = figures;
  const made = sections
    .filter(([name]) => parts[name] !== undefined)
    .map(([name, title, section]) =>
      parts[name].failed === undefined
        ? section(parts[name])
        : { title, blocks: [text(`This ${failedText(parts[name].failed)}.`)] },
    );
  const isJudged = ["append", "replay", "open", "latency"].some((name) => parts[name] !== undefined);
  return {
    title: "Figures",
    intro: introOf(figures),
    sections: isJudged ? [goalsSection(parts), ...made] : made,
  };
}

function introOf({ command, date, minutes, machine, versions, meansNothing }) {
  const { processors, memory, system, fileSystem, node } = machine;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const took = minutes === undefined ? "" : `, in ${minutes.toFixed(1)} minutes`;
  const paragraphs = [
    `Made by \`${command}\` on ${date} UTC${took}: ${processors}, ${memory}, ${system}, ${fileSystem}, Node ${node}.`,
    `${packages.join(", ")}.`,
    "All were measured in turn on the same work, each in a process of its own. Only ratios carry over to another disk.",
  ];
  if (fileSystem === "tmpfs") paragraphs.unshift("This file system has no disk: a flush does nothing on it.");
  if (meansNothing) paragraphs.unshift("**A trial of the command itself: its figures mean nothing.**");
  return paragraphs;
}

function goalsSection(parts) {
  const goals = judge(parts);
  const reached = goals.filter(({ state }) => state === "reached").length;
  const measured = goals.filter(({ state }) => state !== "not measured").length;
  const rows = goals.map(({ name, text: goal, actual, state }) => [name, goal, actual, state]);
  return {
    title: "Goals",
    blocks: [
      text(`What this project wants to reach: ${reached} of the ${measured} that were measured are reached.`),
      table(["", "goal", "measured", ""], rows),
    ],
  };
}
