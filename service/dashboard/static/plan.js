// What a job would come to, as the page shows it beside the form.
import { capital } from "./fields.js";
import { bytes, count, duration } from "./words.js";

// A shorter time is no reason to think twice.
const WORTH_A_WARNING = 60;
const WORTH_DIVIDING = 10;

// Show the plan of a job on this data set.
export function showPlan(plan, dataset) {
  const { time, space, largest, smallest } = plan;
  text("time", total(time.seconds));
  text("sure", howSure(time, dataset));
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

function total(seconds) {
  if (seconds === null) return "How long it takes is not known yet.";
  return seconds < 1 ? "Less than a second in all." : `About ${duration(seconds)} in all.`;
}

// Say what the estimate rests on: the nearer that is to this job, the surer it is.
function howSure({ basis, explanation, seconds, search_seconds: search }, dataset) {
  if (seconds === null) return `${capital(explanation)}.`;
  const same = basis === "finished_jobs" && explanation.includes(` on ${dataset},`);
  const sure = same ? "Fairly sure" : basis === "finished_jobs" ? "A fair guess" : "A rough guess";
  const parts = ` ${capital(duration(search))} of it for the search, the rest for the random search, finalists and verdict.`;
  return `${sure}: ${explanation}.${seconds < WORTH_DIVIDING ? "" : parts}`;
}

function warnings(plan) {
  const told = [];
  const search = plan.phases.find((phase) => phase.phase === "search");
  const memory = plan.limits.memory_bytes;
  if (memory !== null && plan.largest.training_bytes > memory / 2) {
    told.push(`Training the largest network takes ${bytes(plan.largest.training_bytes)} of memory; the machine that answers has ${bytes(memory)}.`);
  }
  const longest = plan.time.seconds === null ? 0 : plan.most_flops / plan.time.flops_per_second;
  if (longest > WORTH_A_WARNING && plan.most_flops > 2 * plan.flops) {
    told.push(`Should the search prefer the largest networks, it takes up to ${duration(longest)}.`);
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
