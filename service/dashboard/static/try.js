// Asks the networks of a job while one draws or types, and shows what they answer.
import { Refused, request, root } from "./service.js";
import { light, paint } from "./neurons.js";
import { Surface } from "./surface.js";

const PAUSE = 150;
const RETRY = 2000;
const MOST_BARS = 10;

const waiting = document.getElementById("waiting");
const page = document.getElementById("try");
if (waiting) {
  const source = new EventSource(`${root}/v1/jobs/${waiting.dataset.job}/events`);
  source.addEventListener("end", () => location.reload());
}
if (page) start();

function start() {
  const path = `/v1/jobs/${page.dataset.job}/ask`;
  const sentence = document.getElementById("sentence");
  const trouble = document.getElementById("trouble");
  const seen = document.getElementById("seen");
  const form = document.getElementById("form");
  const canvas = document.getElementById("canvas");
  let timer = null;
  let busy = false;
  let question = null; // Gives the body of the newest question, null when there is nothing to ask.
  let asked = null;
  let newest = null;
  let truth = null;
  let cleared = 0; // How often everything was taken away.

  // Answers come while one draws: at most one question is on its way, and the newest one follows it.
  const ask = (made, answer = null) => {
    question = made;
    truth = answer;
    timer ??= setTimeout(send, PAUSE);
  };
  const send = async () => {
    timer = null;
    if (busy || question === null || question === asked) return;
    busy = true;
    const mine = (asked = question);
    const known = truth;
    const before = cleared;
    let pause = 0;
    // While one draws on, the answer to what was there is shown; to what was cleared meanwhile there is none.
    try {
      const answer = await (await request("POST", path, mine())).json();
      if (before === cleared) show(answer, known);
    } catch (error) {
      if (mine === question) pause = fail(error);
    }
    busy = false;
    if (question !== asked) timer ??= setTimeout(send, pause);
  };

  const show = (answer, known) => {
    newest = answer;
    trouble.textContent = "";
    faults(new Map());
    if (seen) paint(seen, picture(answer.prepared), gray(answer.prepared));
    for (const network of answer.networks) {
      const card = page.querySelector(`[data-role=${network.role}]`);
      card.querySelector(".said strong").textContent = said(network, answer);
      bars(card.querySelector(".chances"), network, answer.classes);
      light(card.querySelector(".layers"), network.layers);
    }
    sentence.textContent = together(answer, known);
  };

  const forget = (text) => {
    cleared += 1;
    question = asked = newest = null;
    sentence.textContent = text;
    trouble.textContent = "";
    for (const each of page.querySelectorAll(".said strong")) each.textContent = "-";
    for (const each of page.querySelectorAll(".chances, .layers")) each.replaceChildren();
    if (seen) seen.width = seen.height = 1;
  };

  // What was refused is told where it is; whatever else went wrong is tried again.
  const fail = (error) => {
    if (error instanceof Refused && error.status < 500 && error.status !== 429) {
      const fields = new Map((error.problem.errors ?? []).map((one) => [one.pointer, one.detail]));
      trouble.textContent = faults(fields) ? "" : error.message;
      return 0;
    }
    trouble.textContent = error.message;
    asked = null;
    return RETRY;
  };

  // Write beside each field what is wrong with it, and return whether every fault has found its field.
  const faults = (fields) => {
    let placed = 0;
    for (const input of form?.querySelectorAll("[data-column]") ?? []) {
      const fault = fields.get(`/row/${input.dataset.column.replaceAll("~", "~0").replaceAll("/", "~1")}`) ?? "";
      document.getElementById(input.getAttribute("aria-describedby")).textContent = fault;
      input.toggleAttribute("aria-invalid", fault !== "");
      if (fault) input.setAttribute("aria-invalid", "true");
      placed += fault !== "";
    }
    return placed > 0 && placed === fields.size;
  };

  const giveWay = canvas ? startDrawing(canvas, ask, forget) : () => {};
  const filled = form ? startForm(form, ask) : null;
  const examples = [...page.querySelectorAll(".example")];
  for (const button of examples) {
    const row = JSON.parse(button.dataset.row);
    const own = button.querySelector("canvas");
    if (own) paint(own, picture(row), gray(row));
    button.addEventListener("click", () => {
      for (const each of examples) each.setAttribute("aria-pressed", String(each === button));
      giveWay();
      if (filled) filled(row, button.dataset.answer ?? null);
      else ask(() => ({ row }), button.dataset.answer ?? null);
    });
  }
  page.addEventListener("changed", () => {
    for (const each of examples) each.setAttribute("aria-pressed", "false");
  });
  if (filled && examples.length) examples[0].click();
  else if (filled) filled(null, null);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (newest) for (const one of newest.networks) light(page.querySelector(`[data-role=${one.role}] .layers`), one.layers);
  });
}

// Let the surface ask whenever it changes; return what empties it in favor of an example.
function startDrawing(canvas, ask, forget) {
  const undo = document.getElementById("undo");
  const invitation = document.getElementById("invitation");
  const paper = document.getElementById("paper");
  const file = document.getElementById("file");
  const surface = new Surface(canvas, {
    cursor: document.getElementById("cursor"),
    spoken: document.getElementById("spoken"),
    changed: () => {
      page.dispatchEvent(new Event("changed"));
      undo.disabled = !surface.undoable;
      invitation.hidden = !surface.empty;
      if (surface.empty) forget("Nothing drawn yet.");
      else ask(() => ({ drawing: surface.read() }));
    },
  });
  document.getElementById("clear").addEventListener("click", () => surface.clear());
  undo.addEventListener("click", () => surface.undo());
  paper?.addEventListener("change", () => {
    surface.light = paper.checked;
    canvas.parentElement.classList.toggle("light", paper.checked);
    surface.clear();
  });
  const take = async (blob) => {
    if (!blob) return;
    try {
      surface.show(await createImageBitmap(blob));
    } catch {
      document.getElementById("trouble").textContent = "This file is no picture that the browser can read.";
    }
  };
  file?.addEventListener("change", () => take(file.files[0]));
  if (file) {
    canvas.addEventListener("dragover", (event) => event.preventDefault());
    canvas.addEventListener("drop", (event) => {
      event.preventDefault();
      take(event.dataTransfer.files[0]);
    });
  }
  return () => {
    surface.giveWay();
    undo.disabled = !surface.undoable;
    invitation.hidden = false;
  };
}

// Let the form ask whenever it changes; return what fills it with a row (null leaves it empty).
function startForm(form, ask) {
  const inputs = [...form.querySelectorAll("[data-column]")];
  const byColumn = form.dataset.rows === "object";
  let base = byColumn ? {} : inputs.map(() => 0);
  const row = () => {
    const filled = byColumn ? { ...base } : [...base];
    for (const input of inputs) {
      const text = input.value.trim();
      if (byColumn) filled[input.dataset.column] = text === "" ? null : input.value;
      // What is no number goes as it is, and the service says what is wrong with it.
      else filled[Number(input.dataset.column)] = text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    }
    return { row: filled };
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    page.dispatchEvent(new Event("changed"));
    ask(() => row());
  });
  return (values, answer) => {
    if (values !== null) base = values;
    for (const input of inputs) {
      const value = values?.[byColumn ? input.dataset.column : Number(input.dataset.column)];
      if (values !== null || byColumn) input.value = value ?? "";
      if (input.value === "" && !byColumn) input.value = "0";
    }
    ask(() => row(), answer);
  };
}

// A picture's first channel, as rows.
function picture(row) {
  return Array.isArray(row[0][0]) ? row[0] : row;
}

function gray(row) {
  const values = picture(row).flat();
  const low = Math.min(...values, 0);
  const span = Math.max(...values, 1) - low;
  return (value) => {
    const shade = Math.round((255 * (value - low)) / span);
    return [shade, shade, shade, 255];
  };
}

function said(network, { classes }) {
  if (network.values?.length === 1) return number(network.values[0]);
  if (network.values) return network.values.map((value, at) => `${classes[at]}: ${number(value)}`).join(", ");
  if (network.labels) return network.labels.join(", ") || "none";
  return network.class_name;
}

function number(value) {
  return value.toLocaleString("en", { maximumSignificantDigits: 5 });
}

// Nothing is ever quite certain.
function percent(share) {
  if (share >= 0.9995) return "> 99.9 %";
  return share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}

// One sentence on what all of them answer.
function together({ networks, classes }, known) {
  const truth = known === null ? "" : ` In the data it is ${known}.`;
  const name = (one) => (one.role === "linear" ? `the ${one.label}` : one.role === "winner" ? "the winner" : "the runner-up");
  if (networks[0].values) {
    const told = networks.map((one) => `${name(one)} says ${number(one.values[0])}`);
    return `${classes[0]}: ${told.join("; ")}.${truth}`;
  }
  const answers = networks.map((one) => one.class_name ?? one.labels.join(", "));
  const sure = networks[0].class_name === null ? "" : percent(Math.max(...networks[0].probabilities));
  if (networks.length > 1 && new Set(answers).size === 1) {
    return `${networks.length === 2 ? "Both" : "All three"} say ${answers[0]}${sure && `, the winner with ${sure}`}.${truth}`;
  }
  const others = networks.slice(1).map((one, at) => `; ${name(one)} says ${answers[at + 1]}`);
  return `The winner says ${answers[0]}${sure && ` (${sure})`}${others.join("")}.${truth}`;
}

// Probabilities as bars with numbers, in the order of the classes; of many classes the likeliest.
function bars(list, { probabilities }, classes) {
  if (!probabilities) return;
  let order = probabilities.map((_, at) => at);
  if (order.length > MOST_BARS) order = order.sort((a, b) => probabilities[b] - probabilities[a]).slice(0, MOST_BARS);
  const best = Math.max(...probabilities);
  while (list.children.length > order.length) list.lastChild.remove();
  while (list.children.length < order.length) list.append(bar());
  order.forEach((at, place) => {
    const item = list.children[place];
    const [name, track, share] = item.children;
    name.textContent = classes[at];
    track.firstChild.style.width = `${100 * probabilities[at]}%`;
    share.textContent = percent(probabilities[at]);
    item.classList.toggle("best", probabilities[at] === best);
  });
}

function bar() {
  const item = document.createElement("li");
  const [name, track, share] = ["bdi", "span", "span"].map((tag) => document.createElement(tag));
  track.className = "track";
  track.append(document.createElement("span"));
  share.className = "number";
  item.append(name, track, share);
  return item;
}
