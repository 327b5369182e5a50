// The page of a job while it runs. What an event tells is written at once, without a request; parts of the page are
// asked for when they have changed: the best network when there is a better one, the slow parts every ten seconds.
import { append, refresh } from "./charts.js";
import { load, paced } from "./parts.js";
import { Refused, request, root } from "./service.js";
import { follow } from "./stream.js";

const region = document.getElementById("live");
const job = region.dataset.job;
const phases = JSON.parse(region.dataset.phases);
const latest = document.querySelector("#latest ol");
const SHOWN = 8;
const STATES = {
  live: "live",
  reconnecting: "reconnecting: the service cannot be reached; this is tried again",
  gone: "this job was deleted",
  "signed-out": "signed out: reload the page to sign in again",
  ended: "ended",
};

const best = paced(async () => {
  const replaced = await load(`/jobs/${job}/best`);
  if (replaced.includes("best")) document.getElementById("best").classList.add("fresh");
}, 1_500);
const work = paced(() => load(`/jobs/${job}/work`), 10_000);
const outcome = paced(() => load(`/jobs/${job}/outcome`), 1_000);
const charts = paced(async () => refresh(), 30_000);

function write(id, text) {
  const element = document.getElementById(id);
  if (element !== null && element.textContent !== text) element.textContent = text;
}

let missed = false;

function state(name) {
  const line = document.getElementById("connection");
  line.dataset.state = name;
  write("connection", STATES[name]);
  // What was asked for in vain meanwhile.
  if (name === "live" && missed) work();
  missed = name === "reconnecting";
}

function count(value) {
  return value.toLocaleString("en-US");
}

function score(fitness) {
  return region.dataset.metric === "r2" ? fitness.toFixed(3) : `${(100 * fitness).toFixed(1)} %`;
}

function shown(status) {
  region.dataset.status = status;
  const pill = document.getElementById("status");
  pill.textContent = status;
  pill.className = `status ${status}`;
  document.dispatchEvent(new CustomEvent("job-status", { detail: status }));
}

const proposed = new Map();

function told(data, words) {
  const entry = document.createElement("li");
  const link = document.createElement("a");
  link.href = `${root}/jobs/${job}/candidates/${data.number}`;
  link.textContent = `candidate ${data.number}`;
  const made = proposed.get(data.number);
  proposed.delete(data.number);
  const cells = [link, words, made ? made : ""].map((content, place) => {
    const cell = document.createElement("span");
    cell.append(content);
    if (place === 1) cell.className = "number";
    return cell;
  });
  entry.append(...cells);
  entry.className = "fresh";
  latest.prepend(entry);
  while (latest.children.length > SHOWN) latest.lastChild.remove();
  document.getElementById("latest").hidden = false;
}

function progressed(data) {
  const { evaluated, failed, proposed: all, best_number: number } = data.progress;
  if (data.phase !== "search") {
    write("doing", `${phases[data.phase] ?? data.phase}: ${count(evaluated + failed)} of ${count(all)} trained`);
    return;
  }
  region.dataset.evaluated = evaluated;
  write("evaluated", count(evaluated));
  write("failed", count(failed));
  const bar = document.getElementById("spent-bar");
  if (bar?.dataset.unit === "evaluations") {
    bar.value = evaluated + failed;
    document.querySelector("#spent .amount").textContent = count(Math.min(evaluated + failed, bar.max));
  }
  if (number !== null && String(number) !== region.dataset.best) {
    region.dataset.best = number;
    best();
  }
}

const HANDLERS = {
  status(data) {
    shown(data.status);
    if (data.status !== "running") write("doing", "");
    work(true);
    charts(true);
  },
  phase(data) {
    write("doing", phases[data.phase] ?? data.phase);
    work(true);
    charts(true);
  },
  pause_requested() {
    write("doing", "pausing: the runner stores what is finished and then leaves the job");
    document.dispatchEvent(new CustomEvent("job-status", { detail: "pausing" }));
  },
  resume_requested() {
    write("doing", "");
    document.dispatchEvent(new CustomEvent("job-status", { detail: region.dataset.status }));
  },
  cancel_requested() {
    write("doing", "being cancelled");
  },
  budget() {
    work(true);
  },
  proposed(data) {
    if (data.phase !== "search") return;
    const from = data.parents.length ? `${data.operator} from ${data.parents.join(", ")}` : data.operator;
    proposed.set(data.number, `${count(data.parameters)} parameters, by ${from}`);
    // Candidates wait for long only in a search of many workers.
    if (proposed.size > 2_000) proposed.delete(proposed.keys().next().value);
  },
  evaluated(data) {
    progressed(data);
    if (data.phase === "search") told(data, score(data.fitness));
    for (const chart of ["best-so-far", "candidates"]) append(chart, data);
  },
  failed(data) {
    progressed(data);
    if (data.phase === "search") told(data, "failed");
  },
};

// Events of before the page was made are told again for the list alone: the page knows more than they do.
const known = Number(region.dataset.sequence);
const FOR_THE_LIST = new Set(["proposed", "evaluated", "failed"]);

function happened(type, data, sequence, missing) {
  if (sequence <= known) {
    if (type === "proposed") HANDLERS.proposed(data);
    else if (FOR_THE_LIST.has(type) && data.phase === "search") told(data, type === "failed" ? "failed" : score(data.fitness));
    return;
  }
  region.dataset.sequence = sequence;
  region.dataset.gaps = Number(region.dataset.gaps) + missing;
  HANDLERS[type]?.(data);
  work();
  if (type === "evaluated") charts();
}

async function lost() {
  try {
    await request("GET", `/v1/jobs/${job}`);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return state("gone") ?? true;
    if (error instanceof Refused && error.status === 401) return state("signed-out") ?? true;
  }
  return false;
}

function ended(status) {
  if (status === "deleted") {
    state("gone");
    return;
  }
  region.dataset.finished = "yes";
  shown(status);
  write("doing", "");
  outcome(true);
  best(true);
  work(true);
  charts(true);
}

function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  for (const [size, name, smaller, its] of [[86_400, "d", 3_600, "h"], [3_600, "h", 60, "min"], [60, "min", 1, "s"]]) {
    if (whole < size) continue;
    const rest = Math.floor((whole % size) / smaller);
    return `${Math.floor(whole / size)} ${name}${rest ? ` ${rest} ${its}` : ""}`;
  }
  return `${whole} s`;
}

if (region.dataset.finished === "no") {
  follow(`${root}/v1/jobs/${job}/events`, Number(region.dataset.after), { event: happened, state, ended, lost });
  const elapsed = Number(region.dataset.elapsed);
  let began = performance.now() - 1_000 * elapsed;
  setInterval(() => {
    // Time counts from the first start, and not before it.
    if (elapsed === 0 && region.dataset.status !== "running" && region.dataset.evaluated === "0") began = performance.now();
    if (region.dataset.finished === "no") write("elapsed", duration((performance.now() - began) / 1_000));
  }, 1_000);
}
