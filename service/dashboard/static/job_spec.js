// Reads the form of a new job into the job spec: only what differs from the defaults.
import { Digits, same } from "./spec_json.js";

// What a field holds; undefined stands for the default. Throws Fault.
const READERS = {
  text: (field) => input(field).value.trim() || undefined,
  prose: (field) => input(field).value,
  number: (field) => {
    const typed = input(field);
    if (typed.validity.badInput) throw new Fault("must be a number");
    return typed.value === "" ? undefined : digits(typed.value);
  },
  switch: (field) => input(field).checked,
  choice: (field) => JSON.parse(input(field).value),
  choices: (field) => Array.from(field.querySelectorAll("input:checked"), (one) => JSON.parse(one.value)),
  numbers: (field) => {
    const typed = input(field).value.split(/[\s,;]+/).filter((one) => one);
    if (typed.some((one) => !Number.isFinite(Number(one)))) throw new Fault("must be numbers with spaces between them");
    return typed.length ? typed.map(digits) : undefined;
  },
  lines: (field) => input(field).value.split("\n").map((line) => line.trim()).filter((line) => line),
};

class Fault extends Error {}

// Return the spec, and what cannot be read as [{pointer, detail}]. What stands below [data-off] does not count.
export function readForm(form) {
  const spec = {};
  const faults = [];
  for (const field of form.querySelectorAll("[data-pointer]")) {
    if (field.closest("[data-off]")) continue;
    const { pointer, kind } = field.dataset;
    const standard = JSON.parse(field.dataset.default);
    try {
      const value = READERS[kind](field);
      if (value === undefined && "needed" in field.dataset) throw new Fault("must be given");
      if (value !== undefined && !same(value, standard)) put(spec, pointer, value);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      faults.push({ pointer, detail: fault.message });
    }
  }
  for (const group of form.querySelectorAll("[data-group]")) {
    if (group.querySelector("[data-switch]").checked && !group.closest("[data-off]")) part(spec, group.dataset.group.split("/").slice(1));
  }
  return { spec, faults };
}

function input(field) {
  return field.querySelector("input, select, textarea");
}

function digits(text) {
  // JSON knows neither leading zeros nor numbers that begin with a dot.
  return new Digits(/^-?\d+$/.test(text) ? text.replace(/^(-?)0+(?=\d)/, "$1") : String(Number(text)));
}

function put(spec, pointer, value) {
  const names = pointer.split("/").slice(1);
  part(spec, names.slice(0, -1))[names.at(-1)] = value;
}

function part(spec, names) {
  return names.reduce((found, name) => (found[name] ??= {}), spec);
}
