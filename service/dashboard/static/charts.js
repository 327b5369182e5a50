// Draws every `figure[data-chart]` when it comes into view, and again when its numbers have changed. A figure comes from
// the service as Plotly's JSON, with colors for its marks alone; the page's own colors are added here.
import { Refused, root } from "./service.js";

const PAUSE = 30_000; // between two requests for one chart while events arrive; points of some come with the events
const JITTER = 2_000; // so that those who watch one job do not ask all at once
const REDRAW = 400; // between two drawings of points that came as events
const MOST_POINTS = 4_000; // of which a browser draws no more without being asked to wait
const MOST_ROWS = 200; // of a table
// Plotly would offer to upload a chart to a cloud of its own.
const CONFIG = { responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "", modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };

const dark = matchMedia("(prefers-color-scheme: dark)");
const states = new WeakMap();

function figures(within = document) {
  return within.querySelectorAll("figure[data-chart]");
}

function state(figure) {
  if (!states.has(figure)) states.set(figure, { tag: "", asked: -Infinity, visible: false, stale: true, revision: 0 });
  return states.get(figure);
}

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function themedLayout(layout, revision) {
  const line = color("--line");
  const font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: color("--quiet") };
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true };
  const merged = {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 48, r: 12, t: 8, b: 40 },
    hoverlabel: { align: "left", bgcolor: color("--paper"), bordercolor: line, font: { color: color("--ink") } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: color("--quiet"), activecolor: color("--ink") },
    xaxis: {},
    yaxis: {},
    ...layout,
    font,
    // What somebody zoomed into stays when the numbers are drawn anew.
    uirevision: "kept",
    datarevision: revision,
  };
  for (const key of Object.keys(merged)) {
    if (/^[xy]axis\d*$/.test(key)) merged[key] = { ...axis, ...merged[key] };
  }
  return merged;
}

// The figures' blue and vermillion are for white paper and for dark; on dark paper the palette has brighter ones.
const BRIGHTER = { "#0072B2": "#56B4E9", "#D55E00": "#F0894A", "#009E73": "#2FC79A", "#808080": "#A0A0A0" };

function themedData(data) {
  const own = (mark) => (dark.matches ? (BRIGHTER[mark] ?? mark) : mark);
  return data.map((trace) => {
    const themed = { ...trace };
    for (const part of ["marker", "line", "error_x", "error_y"]) {
      if (trace[part]?.color) themed[part] = { ...trace[part], color: own(trace[part].color) };
    }
    if (trace.error_x && !trace.error_x.color) themed.error_x = { ...trace.error_x, color: color("--ink") };
    return themed;
  });
}

async function paint(figure) {
  const own = state(figure);
  const canvas = figure.querySelector(".canvas");
  await Plotly.react(canvas, themedData(own.data), themedLayout(own.layout, own.revision), CONFIG);
  if (!own.clicks) {
    own.clicks = true;
    canvas.on("plotly_click", (event) => open(figure, event));
  }
  canvas.dispatchEvent(new CustomEvent("drawn", { bubbles: true }));
}

// The page of the candidate whose point was clicked; the tables have the same links for the keyboard.
function open(figure, event) {
  const { layout } = state(figure);
  const job = /\/v1\/jobs\/([^/]+)\/charts\//.exec(figure.dataset.chart);
  const number = event.points[0]?.customdata?.[0];
  if (!layout.meta?.links || job === null || !Number.isInteger(number)) return;
  location.assign(`${root}/jobs/${job[1]}/candidates/${number}${phaseOf(figure, "?")}`);
}

function phaseOf(figure, before) {
  const phase = new URL(figure.dataset.chart, location).searchParams.get("phase");
  return phase === null || phase === "search" ? "" : `${before}phase=${encodeURIComponent(phase)}`;
}

function addressOf(figure, format) {
  return `${figure.dataset.chart}${figure.dataset.chart.includes("?") ? "&" : "?"}format=${format}`;
}

// Ask for the figure, and draw it if it has changed; returns whether it has.
async function draw(figure) {
  const own = state(figure);
  own.asked = performance.now();
  own.stale = false;
  let answer;
  try {
    answer = await fetch(addressOf(figure, "plotly"), { headers: own.tag ? { "If-None-Match": own.tag } : {} });
  } catch {
    own.stale = true; // The next event, or the next look, tries again.
    return false;
  }
  if (answer.status === 304) return false;
  const note = figure.querySelector(".note");
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    note.textContent = new Refused(problem, answer.status).message;
    return false;
  }
  own.tag = answer.headers.get("ETag") ?? "";
  const { data, layout } = await answer.json();
  const meta = layout.meta ?? {};
  const canvas = figure.querySelector(".canvas");
  const empty = data.length === 0;
  figure.classList.toggle("empty", empty);
  // Not one image: Plotly puts buttons into it.
  canvas.setAttribute("role", "group");
  if (meta.summary) canvas.setAttribute("aria-label", meta.summary);
  note.textContent = empty ? [meta.summary, meta.note].filter(Boolean).join(" ") : (meta.note ?? "");
  Object.assign(own, { data, layout, revision: own.revision + 1 });
  if (empty) Plotly.purge(canvas);
  else await paint(figure);
  const table = figure.querySelector("details.numbers");
  if (table?.open) await tabulate(figure, table);
  return true;
}

// Ask for a chart again, not sooner than PAUSE after the last time, and once more until nothing has changed since: the
// service may show a chart of many candidates a few seconds behind the events.
function schedule(figure) {
  const own = state(figure);
  own.stale = true;
  if (!own.visible || own.waiting) return;
  const pause = Math.max(0, own.asked + PAUSE - performance.now()) + Math.random() * JITTER;
  own.waiting = setTimeout(async () => {
    own.waiting = undefined;
    if (!own.visible) return;
    if (await draw(figure)) schedule(figure);
  }, pause);
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const own = state(target);
      own.visible = isIntersecting;
      if (!isIntersecting || !own.stale) continue;
      if (own.tag) schedule(target);
      else draw(target);
    }
  },
  { rootMargin: "200px" },
);

// Say that numbers have changed: the charts in view are asked for again, the others once they come into view.
export function refresh() {
  for (const figure of figures()) schedule(figure);
}

// Take up charts that were put into the page after it was loaded.
export function observe(within = document) {
  for (const figure of figures(within)) {
    seen.observe(figure);
    const table = figure.querySelector("details.numbers");
    table?.addEventListener("toggle", () => table.open && tabulate(figure, table));
  }
}

// Add a candidate to the chart of this name ("best-so-far", "candidates") from the data of its event `evaluated`,
// without asking the service; returns whether there was such a chart to add to.
export function append(name, event) {
  let added = false;
  for (const figure of figures()) {
    const own = state(figure);
    const address = new URL(figure.dataset.chart, location);
    const phase = address.searchParams.get("phase") ?? "search";
    if (!address.pathname.endsWith(`/charts/${name}`) || phase !== event.phase || !own.data?.length) continue;
    const add = { "best-so-far": addToBest, candidates: addToCandidates }[name];
    if (add === undefined || !Number.isFinite(event.fitness)) continue;
    add(own, event);
    own.revision += 1;
    own.redraw ??= setTimeout(() => {
      own.redraw = undefined;
      if (own.visible) paint(figure);
    }, REDRAW);
    added = true;
  }
  return added;
}

function traceOf(own, meaning) {
  return own.data.find((trace) => trace.meta === meaning);
}

function addPoint(trace, x, event) {
  if (trace === undefined || trace.x.length >= MOST_POINTS || trace.customdata.some((point) => point[0] === event.number)) return;
  trace.x.push(x);
  trace.y.push(event.fitness);
  trace.customdata.push([event.number, `${event.layers} layers`, event.parameters]);
}

function addToBest(own, event) {
  addPoint(traceOf(own, "evaluated"), event.number, event);
  const best = traceOf(own, "best");
  if (best === undefined) return;
  // The last point only leads the line to the last candidate; the others are the steps, by number.
  const end = best.x.length - 1;
  const last = Math.max(best.x[end], event.number);
  const steps = best.x.slice(0, end).map((number, place) => ({ number, score: best.y[place], told: best.customdata[place] }));
  const before = steps.filter((step) => step.number <= event.number);
  if (before.length === 0 || before.at(-1).score < event.fitness) {
    const told = [event.number, `${event.layers} layers`, event.parameters];
    const after = steps.filter((step) => step.number > event.number && step.score > event.fitness);
    steps.splice(0, steps.length, ...before, { number: event.number, score: event.fitness, told }, ...after);
  }
  const top = steps.at(-1);
  best.x = [...steps.map((step) => step.number), last];
  best.y = [...steps.map((step) => step.score), top.score];
  best.customdata = [...steps.map((step) => step.told), top.told];
  best.marker = { ...best.marker, size: [...steps.map(() => 8), 0] };
}

function addToCandidates(own, event) {
  addPoint(traceOf(own, "evaluated"), event.parameters, event);
  const front = traceOf(own, "front");
  const told = [event.number, `${event.layers} layers`, event.parameters];
  if (front !== undefined) {
    const points = front.x.map((size, place) => ({ size, score: front.y[place], told: front.customdata[place] }));
    if (!points.some((point) => point.size <= event.parameters && point.score >= event.fitness)) {
      const kept = points.filter((point) => point.size < event.parameters || point.score > event.fitness);
      kept.push({ size: event.parameters, score: event.fitness, told });
      kept.sort((one, other) => one.size - other.size);
      front.x = kept.map((point) => point.size);
      front.y = kept.map((point) => point.score);
      front.customdata = kept.map((point) => point.told);
    }
  }
  const best = traceOf(own, "best");
  if (best !== undefined && (best.y.length === 0 || best.y[0] < event.fitness)) {
    Object.assign(best, { x: [event.parameters], y: [event.fitness], customdata: [told] });
  }
}

// The chart's numbers as a table, for whoever reads rather than looks.
async function tabulate(figure, details) {
  const place = details.querySelector(".wide");
  const answer = await fetch(addressOf(figure, "json")).catch(() => undefined);
  if (!answer?.ok) {
    place.textContent = "The numbers could not be read; close this and open it again.";
    return;
  }
  const { title, columns, rows, phase } = await answer.json();
  const table = document.createElement("table");
  const caption = table.createCaption();
  caption.textContent = rows.length > MOST_ROWS ? `${title}: the first ${MOST_ROWS} of ${rows.length.toLocaleString("en-US")} rows; the CSV file has all.` : title;
  const head = table.createTHead().insertRow();
  const numeric = columns.map((_, index) => rows.every((row) => row[index] === null || typeof row[index] === "number"));
  columns.forEach((column, index) => {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = column.unit && column.unit !== "share" ? `${column.title} (${column.unit})` : column.title;
    cell.classList.toggle("number", numeric[index]);
    head.append(cell);
  });
  const job = /\/v1\/jobs\/([^/]+)\/charts\//.exec(figure.dataset.chart)?.[1];
  const body = table.createTBody();
  for (const row of rows.slice(0, MOST_ROWS)) {
    const line = body.insertRow();
    columns.forEach((column, index) => {
      const cell = line.insertCell();
      cell.classList.toggle("number", numeric[index]);
      if (column.name === "candidate" && job) {
        const link = document.createElement("a");
        link.href = `${root}/jobs/${job}/candidates/${row[index]}${phase === "search" ? "" : `?phase=${phase}`}`;
        link.textContent = row[index];
        cell.append(link);
      } else cell.textContent = written(row[index], column.unit);
    });
  }
  place.replaceChildren(table);
}

// A value as a table has it; shares in percent.
export function written(value, unit = "") {
  if (value === null) return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.join(", ") || "-";
  if (typeof value !== "number") return value;
  if (unit === "share") return `${(100 * value).toFixed(1)} %`;
  return value.toLocaleString("en-US", Number.isInteger(value) ? {} : { maximumSignificantDigits: 4 });
}

dark.addEventListener("change", () => {
  for (const figure of figures()) if (state(figure).data?.length) paint(figure);
});

observe();
