// Parallel coordinates: every candidate is a line through its properties. What lies within the limits of all axes is
// kept, counted and listed. Limits are set by dragging along an axis, with mouse or finger, or in fields.
import { written } from "./charts.js";
import { Refused } from "./service.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 960;
const HEIGHT = 340;
const TOP = 34;
const BOTTOM = 14;
const SIDE = 56;
const GRIP = 44; // pixels around an axis that can be dragged along: as wide as a finger
const CLICK = 4; // pixels: less is no drag
const LISTED = 24;
const LOGARITHMIC = new Set(["neurons", "first_width", "parameters", "seconds"]);
const AXES = ["layers", "neurons", "first_width", "parameters", "seconds", "epochs", "activation", "score"];

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// An axis: where a value lies on it, from 0 (below) to 1, and which value lies at a place.
function axisOf(name, column, values) {
  if (typeof values[0] === "string") {
    const names = [...new Set(values)].sort();
    const place = (value) => (names.length === 1 ? 0.5 : names.indexOf(value) / (names.length - 1));
    return { name, column, names, place, ticks: names, text: (value) => value };
  }
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known);
  const high = Math.max(...known);
  const positive = Math.min(...known.filter((value) => value > 0));
  const log = LOGARITHMIC.has(name) && high / positive > 20;
  const scale = log ? (value) => Math.log10(Math.max(value, positive)) : (value) => value;
  const start = scale(low);
  const length = scale(high) - start;
  const place = (value) => (value === null ? 0 : length === 0 ? 0.5 : (scale(value) - start) / length);
  const at = (share) => (log ? 10 ** (start + share * length) : start + share * length);
  const text = (value) => written(value, column.unit);
  return { name, column, low, high, place, at, text, ticks: ticksOf(low, high, log ? positive : undefined, known.every(Number.isInteger)) };
}

function ticksOf(low, high, positive, whole) {
  if (low === high) return [low];
  if (positive !== undefined) {
    const powers = [];
    for (let power = Math.ceil(Math.log10(positive)); 10 ** power <= high; power += 1) powers.push(10 ** power);
    return powers.length > 1 ? powers : [low, high];
  }
  const rough = Math.max((high - low) / 5, whole ? 1 : 0);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const ticks = [];
  for (let place = Math.ceil(low / step); place * step <= high * (1 + 1e-12); place += 1) ticks.push(place * step);
  return ticks;
}

class Parallel {
  constructor(figure, { columns, rows, note }) {
    this.figure = figure;
    this.limits = new Map();
    const index = new Map(columns.map((column, place) => [column.name, place]));
    this.value = (row, name) => row[index.get(name)];
    // A line needs a point on every axis; a network without layers has no first width, and stands at the bottom.
    this.rows = rows;
    this.axes = AXES.map((name) => axisOf(name, columns[index.get(name)], rows.map((row) => this.value(row, name))));
    this.unit = columns[index.get("score")].unit;
    const step = (WIDTH - 2 * SIDE) / (this.axes.length - 1);
    this.axes.forEach((axis, place) => (axis.x = SIDE + place * step));
    this.paths = rows.map((row) => {
      const points = this.axes.map((axis) => `${axis.x.toFixed(1)},${this.y(axis.place(this.value(row, axis.name))).toFixed(1)}`);
      return `M${points.join("L")}`;
    });
    figure.querySelector(".note").textContent = note;
    this.build();
    this.fields();
    figure.querySelector(".reset").onclick = () => this.reset();
    this.show();
    // The list keeps its height, or the page would move below the pointer that drags.
    const list = figure.querySelector(".matching");
    list.style.minHeight = `${list.offsetHeight}px`;
  }

  y(place) {
    return TOP + (1 - place) * (HEIGHT - TOP - BOTTOM);
  }

  build() {
    const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Candidates as lines; the numbers are listed below" });
    svg.append(element("path", { class: "all", d: this.paths.join("") }));
    this.kept = element("path", { class: "kept" });
    this.leading = element("path", { class: "leading" });
    svg.append(this.kept, this.leading);
    for (const axis of this.axes) {
      const group = element("g", { "data-axis": axis.name });
      group.append(element("line", { class: "axis", x1: axis.x, x2: axis.x, y1: TOP, y2: HEIGHT - BOTTOM }));
      for (const tick of axis.ticks) {
        group.append(element("text", { class: "tick", x: axis.x + 5, y: this.y(axis.place(tick)) + 4 }, axis.text(tick)));
      }
      const unit = axis.column.unit && !this.shares(axis) ? ` (${axis.column.unit})` : "";
      const words = (axis.column.title.replace(/ \(%\)$/, "") + unit).split(" ");
      const half = Math.ceil(words.length / 2);
      group.append(element("text", { class: "name", x: axis.x, y: 12 }, words.slice(0, half).join(" ")));
      group.append(element("text", { class: "name", x: axis.x, y: 26 }, words.slice(half).join(" ")));
      axis.brush = element("rect", { class: "brush", x: axis.x - 9, width: 18, visibility: "hidden" });
      const grip = element("rect", { class: "grip", x: axis.x - GRIP / 2, width: GRIP, y: TOP - 8, height: HEIGHT - TOP - BOTTOM + 16 });
      this.drag(axis, grip);
      group.append(axis.brush, grip);
      svg.append(group);
    }
    this.svg = svg;
    this.figure.querySelector(".wide").replaceChildren(svg);
  }

  // Where on an axis the pointer is, from 0 to 1.
  placeOf(event) {
    const box = this.svg.getBoundingClientRect();
    const y = ((event.clientY - box.top) * HEIGHT) / box.height;
    return Math.min(1, Math.max(0, 1 - (y - TOP) / (HEIGHT - TOP - BOTTOM)));
  }

  drag(axis, grip) {
    let from;
    grip.addEventListener("pointerdown", (event) => {
      grip.setPointerCapture(event.pointerId);
      from = { place: this.placeOf(event), y: event.clientY };
    });
    grip.addEventListener("pointermove", (event) => {
      if (from === undefined || Math.abs(event.clientY - from.y) < CLICK) return;
      const to = this.placeOf(event);
      this.limit(axis, Math.min(from.place, to), Math.max(from.place, to));
    });
    grip.addEventListener("pointerup", (event) => {
      if (from !== undefined && Math.abs(event.clientY - from.y) < CLICK) this.free(axis);
      from = undefined;
    });
    grip.addEventListener("pointercancel", () => (from = undefined));
  }

  // Keep what lies between two places of an axis.
  limit(axis, low, high) {
    this.limits.set(axis, { low, high });
    this.write(axis);
    this.show();
  }

  free(axis) {
    this.limits.delete(axis);
    this.write(axis);
    this.show();
  }

  reset() {
    this.limits.clear();
    for (const axis of this.axes) this.write(axis);
    this.show();
  }

  // Bring the fields of an axis in line with its limits.
  write(axis) {
    const limit = this.limits.get(axis);
    if (axis.names) {
      const chosen = limit ? axis.names.filter((name) => axis.place(name) >= limit.low && axis.place(name) <= limit.high) : [];
      axis.select.value = chosen.length === 1 ? chosen[0] : "";
      return;
    }
    axis.least.value = limit ? this.rounded(axis, limit.low) : "";
    axis.most.value = limit ? this.rounded(axis, limit.high) : "";
  }

  rounded(axis, place) {
    const value = axis.at(place) * (this.shares(axis) ? 100 : 1);
    return Number(value.toPrecision(4));
  }

  shares(axis) {
    return axis.column.unit === "share";
  }

  // The fields do what dragging does, for whoever has no pointer or wants a number to be exact.
  fields() {
    const groups = this.axes.map((axis) => {
      const group = document.createElement("fieldset");
      const legend = document.createElement("legend");
      const unit = axis.column.unit && !this.shares(axis) ? ` (${axis.column.unit})` : "";
      legend.textContent = axis.column.title + unit;
      const pair = document.createElement("div");
      if (axis.names) pair.append(this.choice(axis));
      else {
        axis.least = this.number(axis, pair, "at least", axis.low);
        axis.most = this.number(axis, pair, "at most", axis.high);
      }
      group.append(legend, pair);
      return group;
    });
    this.figure.querySelector(".fields").replaceChildren(...groups);
  }

  number(axis, pair, name, placeholder) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "number";
    input.step = "any";
    input.placeholder = Number((placeholder * (this.shares(axis) ? 100 : 1)).toPrecision(4));
    input.addEventListener("input", () => {
      const factor = this.shares(axis) ? 100 : 1;
      const low = axis.least.value === "" ? 0 : axis.place(axis.least.valueAsNumber / factor);
      const high = axis.most.value === "" ? 1 : axis.place(axis.most.valueAsNumber / factor);
      if (axis.least.value === "" && axis.most.value === "") this.limits.delete(axis);
      else this.limits.set(axis, { low, high });
      this.show();
    });
    label.append(name, input);
    pair.append(label);
    return input;
  }

  choice(axis) {
    const label = document.createElement("label");
    axis.select = document.createElement("select");
    for (const name of ["", ...axis.names]) axis.select.append(new Option(name || "any", name));
    axis.select.addEventListener("change", () => {
      const place = axis.place(axis.select.value);
      if (axis.select.value === "") this.limits.delete(axis);
      else this.limits.set(axis, { low: place, high: place });
      this.show();
    });
    label.append("is", axis.select);
    return label;
  }

  within(row) {
    for (const [axis, { low, high }] of this.limits) {
      const place = axis.place(this.value(row, axis.name));
      // Numbers in fields are rounded: what a field names is not to be lost by that.
      if (!(place >= low - 5e-4 && place <= high + 5e-4)) return false;
    }
    return true;
  }

  show() {
    for (const axis of this.axes) {
      const limit = this.limits.get(axis);
      const [low, high] = limit ? [limit.low, limit.high].map((place) => Math.min(1, Math.max(0, place))) : [0, 0];
      axis.brush.setAttribute("visibility", limit ? "visible" : "hidden");
      axis.brush.setAttribute("y", this.y(high) - 3);
      axis.brush.setAttribute("height", Math.max(0, this.y(low) - this.y(high)) + 6);
    }
    const kept = this.rows.map((row, place) => ({ row, place })).filter(({ row }) => this.within(row));
    kept.sort((one, other) => this.value(other.row, "score") - this.value(one.row, "score"));
    this.kept.setAttribute("d", kept.map(({ place }) => this.paths[place]).join(""));
    this.leading.setAttribute("d", kept.length ? this.paths[kept[0].place] : "");
    const count = `${kept.length.toLocaleString("en-US")} of ${this.rows.length.toLocaleString("en-US")} candidates match`;
    const best = kept.length ? `; the best of them scores ${written(this.value(kept[0].row, "score"), this.unit)}` : "";
    this.figure.querySelector(".matches").textContent = `${count}${best}.`;
    const lines = kept.slice(0, LISTED).map(({ row }) => {
      const entry = document.createElement("li");
      const link = document.createElement("a");
      link.href = this.figure.dataset.candidates + this.value(row, "candidate") + this.phase();
      link.textContent = `candidate ${this.value(row, "candidate")}`;
      entry.append(link, ` ${this.value(row, "architecture")}, ${written(this.value(row, "score"), this.unit)}`);
      return entry;
    });
    this.figure.querySelector(".matching").replaceChildren(...lines);
  }

  phase() {
    const phase = new URL(this.figure.dataset.parallel, location).searchParams.get("phase");
    return phase === null ? "" : `?phase=${encodeURIComponent(phase)}`;
  }
}

async function draw(figure) {
  const note = figure.querySelector(".note");
  let answer;
  try {
    answer = await fetch(figure.dataset.parallel);
  } catch {
    note.textContent = "The service cannot be reached; reload the page to try again.";
    return;
  }
  if (!answer.ok) {
    note.textContent = new Refused(await answer.json().catch(() => ({})), answer.status).message;
    return;
  }
  const table = await answer.json();
  figure.classList.toggle("empty", table.rows.length === 0);
  if (table.rows.length === 0) note.textContent = table.summary;
  else new Parallel(figure, table);
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      draw(target);
    }
  },
  { rootMargin: "200px" },
);

for (const figure of document.querySelectorAll("figure[data-parallel]")) seen.observe(figure);
