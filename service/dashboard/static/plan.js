// What a job would come to, as the page shows it beside the form.
import { bytes, count, duration } from "./words.js";

// How sure the estimate is, by what it rests on.
const SURE = {
  finished_jobs: "Fairly sure",
  calibration: "A rough guess",
  unknown: "Not known yet",
};

export function showPlan(plan) {
  const { time, space, largest, smallest } = plan;
  text("time", time.seconds === null ? "How long it takes is not known yet." : `About ${duration(time.seconds)} in all.`);
  text("sure", sentence(time));
  const figures = [
    ["Networks to choose among", `${space.at_most ? "at most " : ""}${count(space.exactly)}`],
    ["Largest network", `${largest.parameters.toLocaleString("en-US")} parameters`, largest.description],
    ["Smallest network", `${smallest.parameters.toLocaleString("en-US")} parameters`, smallest.description],
    ["Trainings at most", plan.trainings.toLocaleString("en-US"), "the search, the random search, finalists and verdict"],
    ["Memory of a training", bytes(largest.training_bytes)],
  ];
  document.getElementById("plan").replaceChildren(...figures.map(figure));
  document.getElementById("warnings").replaceChildren(...warnings(plan).map(warning));
}

// Say that there is no plan, and why.
export function showNoPlan(why) {
  text("time", why);
  text("sure", "");
  document.getElementById("plan").replaceChildren();
  document.getElementById("warnings").replaceChildren();
}

function sentence({ basis, explanation, seconds, search_seconds: search }) {
  if (seconds === null) return `${explanation.charAt(0).toUpperCase()}${explanation.slice(1)}.`;
  const parts = `${duration(search)} of it for the search, the rest for the random search, finalists and verdict`;
  return `${SURE[basis] ?? basis}: ${explanation}. ${parts.charAt(0).toUpperCase()}${parts.slice(1)}.`;
}

function warnings(plan) {
  const told = [];
  const search = plan.phases.find((phase) => phase.phase === "search");
  const memory = plan.limits.memory_bytes;
  if (memory !== null && plan.largest.training_bytes > memory / 2) {
    told.push(`Training the largest network takes ${bytes(plan.largest.training_bytes)} of memory; the machine that answers has ${bytes(memory)}.`);
  }
  if (plan.time.seconds !== null && plan.most_flops > 2 * plan.flops) {
    told.push(`Should the search prefer the largest networks, it takes up to ${duration(plan.most_flops / plan.time.flops_per_second)}.`);
  }
  if (search && plan.space.structures <= search.trainings) {
    told.push(`There are only ${count(plan.space.exactly)} different networks: the search can end before its budget is spent.`);
  }
  return told;
}

function figure([name, value, detail]) {
  const row = document.createElement("div");
  row.append(element("dt", name), element("dd", value));
  if (detail) row.append(element("dd", detail, "hint"));
  return row;
}

function warning(sentence) {
  return element("li", sentence, "finding warning");
}

function element(name, content, kind) {
  const made = document.createElement(name);
  made.textContent = content;
  if (kind) made.className = kind;
  return made;
}

function text(id, content) {
  document.getElementById(id).textContent = content;
}
