// Draws every `figure[data-chart]` when it comes into view, and again when `refresh` says that its numbers changed.
import { Refused } from "./service.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const tags = new WeakMap();
const waiting = new Set();

// The colors of the page; a figure itself has none but those of its marks.
function theme() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = { gridcolor: color("--line"), linecolor: color("--line"), zerolinecolor: color("--line"), automargin: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: style.fontFamily, size: 13, color: color("--quiet") },
    hoverlabel: { bgcolor: color("--paper"), bordercolor: color("--line"), font: { color: color("--ink") } },
    margin: { l: 56, r: 12, t: 8, b: 44 },
    axis,
  };
}

function themed(layout) {
  const { axis, ...rest } = theme();
  const merged = { ...rest, ...layout, font: rest.font };
  for (const key of Object.keys(layout)) {
    if (/^[xy]axis\d*$/.test(key)) merged[key] = { ...axis, ...layout[key] };
  }
  return { xaxis: axis, yaxis: axis, ...merged };
}

const CONFIG = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };

async function draw(figure) {
  const canvas = figure.querySelector(".canvas");
  const note = figure.querySelector(".note");
  const address = `${figure.dataset.chart}${figure.dataset.chart.includes("?") ? "&" : "?"}format=plotly`;
  const headers = tags.has(figure) ? { "If-None-Match": tags.get(figure) } : {};
  let answer;
  try {
    answer = await fetch(address, { headers });
  } catch {
    return; // The next event or the next look tries again.
  }
  if (answer.status === 304) return;
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    note.textContent = new Refused(problem, answer.status).message;
    return;
  }
  tags.set(figure, answer.headers.get("ETag") ?? "");
  const { data, layout } = await answer.json();
  const meta = layout.meta ?? {};
  figure.classList.toggle("empty", data.length === 0);
  note.textContent = meta.note ?? "";
  if (meta.summary) canvas.setAttribute("aria-label", meta.summary);
  if (data.length === 0) {
    Plotly.purge(canvas);
    return;
  }
  figure.drawn = { data, layout };
  await Plotly.react(canvas, data, themed(layout), CONFIG);
  canvas.dispatchEvent(new CustomEvent("drawn", { bubbles: true }));
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      entry.target.visible = entry.isIntersecting;
      if (entry.isIntersecting && (!tags.has(entry.target) || waiting.delete(entry.target))) draw(entry.target);
    }
  },
  { rootMargin: "200px" },
);

// Draw the charts anew that are in view, and the others once they come into view.
export function refresh() {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    if (figure.visible) draw(figure);
    else waiting.add(figure);
  }
}

// Take up charts that were put into the page after it was loaded.
export function observe(within = document) {
  for (const figure of within.querySelectorAll("figure[data-chart]")) seen.observe(figure);
}

dark.addEventListener("change", () => {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    if (figure.drawn) Plotly.react(figure.querySelector(".canvas"), figure.drawn.data, themed(figure.drawn.layout), CONFIG);
  }
});

observe();
