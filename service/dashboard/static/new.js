// The form of a new job: shows what it would come to while it is filled in, and submits it.
import { cambrianCommand, curlCommand } from "./commands.js";
import { enableCopying } from "./copy.js";
import { capital, clearMarks, mark, nameOf, reveal } from "./fields.js";
import { readForm } from "./job_spec.js";
import { showNoPlan, showPlan } from "./plan.js";
import { Refused, request, root } from "./service.js";
import { write } from "./spec_json.js";

const PAUSE = 400;
const RETRY = 5000;
const JSON_TYPE = { "Content-Type": "application/json" };

const form = document.getElementById("new-job");
const dataset = document.getElementById("dataset");
const preview = document.getElementById("preview");
const card = form.querySelector(".card");
const refusal = document.getElementById("refusal");
const button = document.getElementById("submit");
const submitting = document.getElementById("submitting");
const service = location.origin + root;
// The form has a field of the name `dataset`, which hides the property that would hold these.
const withToken = form.hasAttribute("data-token");
const defaultUrl = form.getAttribute("data-default-url");

let turn = 0;
let timer;
let key;
let keyed;

// Show what is of use for the chosen data, and take the rest out of the spec.
function arrange() {
  const { task } = dataset.selectedOptions[0].dataset;
  const images = "images" in dataset.selectedOptions[0].dataset;
  const fits = { images, classification: task === "classification", regression: task === "regression" };
  for (const part of form.querySelectorAll("[data-only]")) switchOff(part, !fits[part.dataset.only]);
  for (const group of form.querySelectorAll("[data-group]")) {
    switchOff(group.querySelector("[data-members]"), !group.querySelector("[data-switch]").checked);
  }
  for (const unit of form.querySelectorAll("[name=unit]")) {
    const field = form.querySelector(`[data-pointer="${unit.value}"]`);
    switchOff(field, !unit.checked);
    field.toggleAttribute("data-needed", unit.checked);
  }
  document.getElementById("name").placeholder = `${JSON.parse(document.getElementById("strategy").value)} on ${dataset.selectedOptions[0].dataset.name}`;
}

function switchOff(part, off) {
  part.hidden = off;
  part.toggleAttribute("data-off", off);
}

// Return the field that a pointer is about, or the switched part that it stands in; nothing where neither is shown.
function slotOf(pointer) {
  const slots = [...form.querySelectorAll("[data-pointer], [data-group]")].filter((one) => !one.closest("[data-off]"));
  for (let here = pointer; here; here = here.slice(0, here.lastIndexOf("/"))) {
    const slot = slots.find((one) => (one.dataset.pointer ?? one.dataset.group) === here);
    if (slot) return slot;
  }
  return undefined;
}

function showFaults(faults) {
  clearMarks(form);
  for (const { pointer, detail } of faults) {
    const slot = slotOf(pointer);
    if (slot) mark(slot, detail);
  }
}

function changed() {
  arrange();
  const { spec } = readForm(form);
  document.getElementById("json").textContent = write(spec, { indent: "  " });
  document.getElementById("curl").textContent = curlCommand(service, spec, withToken);
  document.getElementById("command").textContent = cambrianCommand(service, spec, defaultUrl);
  turn += 1;
  card.setAttribute("aria-busy", "true");
  clearTimeout(timer);
  timer = setTimeout(plan, PAUSE);
}

async function plan() {
  const mine = turn;
  const { spec, faults } = readForm(form);
  let told = faults;
  let answer;
  let why = "There is no plan as long as fields are wrong.";
  if (!faults.length) {
    try {
      answer = await (await request("POST", "/v1/plans", body(write(spec)), JSON_TYPE)).json();
    } catch (error) {
      told = error.problem?.errors ?? [];
      if (!told.some(({ pointer }) => slotOf(pointer))) why = capital(error.message);
      if (!(error instanceof Refused) && mine === turn) timer = setTimeout(plan, RETRY);
    }
  }
  // What was typed meanwhile has a plan of its own coming.
  if (mine !== turn) return;
  card.setAttribute("aria-busy", "false");
  showFaults(told);
  if (!told.length) refusal.hidden = true;
  if (answer) showPlan(answer, spec.dataset);
  else showNoPlan(why);
}

function body(json) {
  return new Blob([json], { type: "application/json" });
}

async function showPreview() {
  const { name } = dataset.selectedOptions[0].dataset;
  preview.setAttribute("aria-busy", "true");
  let markup = "";
  try {
    // Made by the service, which escapes what stands in files.
    markup = await (await request("GET", `/datasets/${encodeURIComponent(name)}/preview`, undefined, { Accept: "text/html" })).text();
  } catch {
    // The plan says what is wrong.
  }
  if (name !== dataset.selectedOptions[0].dataset.name) return;
  preview.innerHTML = markup;
  preview.setAttribute("aria-busy", "false");
}

// Say on top why the job was not submitted, with a way to each field.
function refuse(faults, message) {
  showFaults(faults);
  const title = document.createElement("h2");
  title.textContent = "The job was not submitted";
  const list = document.createElement("ul");
  for (const { pointer, detail } of faults.length ? faults : [{ pointer: "", detail: message }]) {
    const slot = pointer && slotOf(pointer);
    const line = document.createElement(slot ? "a" : "span");
    line.textContent = slot ? `${nameOf(slot)}: ${detail}` : capital(detail);
    if (slot) {
      line.href = `#${slot.id}`;
      line.addEventListener("click", (event) => {
        event.preventDefault();
        reveal(slot);
      });
    }
    const item = document.createElement("li");
    item.append(line);
    list.append(item);
  }
  refusal.replaceChildren(title, list);
  refusal.hidden = false;
  refusal.focus();
}

function newKey() {
  // randomUUID is not there for pages over http from another machine.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function submit() {
  const { spec, faults } = readForm(form);
  if (faults.length) {
    refuse(faults);
    return;
  }
  const json = write(spec);
  // The same job sent again is the same request; a changed one is another.
  if (json !== keyed) [key, keyed] = [newKey(), json];
  button.disabled = true;
  submitting.textContent = "Submitting …";
  try {
    const job = await (await request("POST", "/v1/jobs", body(json), { ...JSON_TYPE, "Idempotency-Key": key })).json();
    keyed = undefined;
    leave(job);
  } catch (error) {
    refuse(error.problem?.errors ?? [], error instanceof Refused ? error.message : "the service cannot be reached; try again");
  } finally {
    button.disabled = false;
    submitting.textContent = "";
  }
}

function leave(job) {
  const address = `${root}/jobs/${job.id}`;
  if (!job.webhook) {
    location.assign(address);
    return;
  }
  document.getElementById("secret").textContent = job.webhook.secret;
  document.getElementById("to-job").href = address;
  document.getElementById("submitted").hidden = false;
  form.hidden = true;
  document.getElementById("submitted-title").focus();
}

form.addEventListener("input", changed);
dataset.addEventListener("change", showPreview);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
form.hidden = false;
enableCopying();
showPreview();
changed();
