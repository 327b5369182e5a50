// Draws the plane of two features: what a network answers everywhere, and the validation rows in it.
import { element, given, percent } from "./examination.js";

// Okabe and Ito's palette; shapes tell the classes apart as well.
const CLASSES = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#f0e442", "#808080"];
const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "plus", "star", "bar"];
// Cividis (Nuñez, Anderton and Renslow 2018), for numbers: its lightness rises evenly for every eye.
const CIVIDIS = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 10, 10, 42];
const LARGEST = 600;

const dark = matchMedia("(prefers-color-scheme: dark)");
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const mixed = (one, other, share) => one.map((value, place) => Math.round(value + (other[place] - value) * share));

export const colorOf = (index) => CLASSES[index % CLASSES.length];

function ramp(share) {
  const place = Math.min(Math.max(share, 0), 1) * (CIVIDIS.length - 1);
  const low = Math.min(Math.floor(place), CIVIDIS.length - 2);
  return mixed(parts(CIVIDIS[low]), parts(CIVIDIS[low + 1]), place - low);
}

// A map that is drawn into `host`, with its legend; `show` draws another examination in its place.
export class Plane {
  constructor(host, legend) {
    this.canvas = element("canvas", { role: "img" });
    this.legend = legend;
    this.host = host;
    host.append(this.canvas);
    new ResizeObserver(() => this.draw()).observe(host);
    dark.addEventListener("change", () => this.draw());
  }

  show(examination) {
    this.examination = examination;
    this.canvas.setAttribute("aria-label", alternative(examination));
    this.draw();
    this.explain();
  }

  draw() {
    if (!this.examination || !this.host.clientWidth) return;
    const { regions, task } = this.examination;
    const size = Math.min(this.host.clientWidth, LARGEST);
    const scale = devicePixelRatio || 1;
    Object.assign(this.canvas, { width: Math.round(size * scale), height: Math.round(size * scale) });
    this.canvas.style.width = this.canvas.style.height = `${size}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    const inner = { x: LEFT, y: TOP, width: size - LEFT - RIGHT, height: size - TOP - BOTTOM };
    this.range = task === "regression" ? rangeOf(regions) : undefined;
    pen.imageSmoothingEnabled = true;
    pen.drawImage(this.ground(), inner.x, inner.y, inner.width, inner.height);
    axes(pen, inner, regions, size);
    for (const point of regions.points) this.mark(pen, inner, point);
  }

  // The grid as a picture of one pixel each; the lowest y comes first, and stands at the bottom.
  ground() {
    const { regions, classes } = this.examination;
    const { side, answers, certainty } = regions;
    const small = element("canvas");
    Object.assign(small, { width: side, height: side });
    const pen = small.getContext("2d");
    const image = pen.createImageData(side, side);
    const paper = parts(color("--paper"));
    const chance = 100 / Math.max(2, classes.length);
    answers.forEach((answer, place) => {
      const sure = certainty && Math.max(0, (certainty[place] - chance) / (100 - chance));
      const rgb = certainty
        ? mixed(paper, parts(colorOf(answer)), 0.15 + 0.6 * sure)
        : ramp((answer - this.range[0]) / (this.range[1] - this.range[0]));
      const at = 4 * ((side - 1 - Math.floor(place / side)) * side + (place % side));
      image.data.set([...rgb, 255], at);
    });
    pen.putImageData(image, 0, 0);
    return small;
  }

  mark(pen, inner, point) {
    const { x, y } = this.examination.regions;
    const across = inner.x + (inner.width * (point.x - x.low)) / (x.high - x.low);
    const down = inner.y + inner.height * (1 - (point.y - y.low) / (y.high - y.low));
    const regression = this.examination.task === "regression";
    const fill = regression
      ? `rgb(${ramp((point.true - this.range[0]) / (this.range[1] - this.range[0])).join(" ")})`
      : colorOf(point.true);
    shape(pen, regression ? "circle" : SHAPES[point.true % SHAPES.length], across, down, 3.4, fill);
    if (!regression && point.true !== point.predicted) {
      pen.beginPath();
      pen.arc(across, down, 7.5, 0, 2 * Math.PI);
      Object.assign(pen, { strokeStyle: color("--ink"), lineWidth: 2 });
      pen.stroke();
    }
  }

  explain() {
    const { regions, classes, task } = this.examination;
    const list = element("ul", { className: "legend" });
    if (task === "regression") {
      const [low, high] = this.range ?? rangeOf(regions);
      const bar = element("canvas", { className: "ramp", width: 120, height: 12, "aria-hidden": "true" });
      const pen = bar.getContext("2d");
      for (let place = 0; place < 120; place++) {
        pen.fillStyle = `rgb(${ramp(place / 119).join(" ")})`;
        pen.fillRect(place, 0, 1, 12);
      }
      list.append(element("li", {}, given(classes[0]), ` ${short(low)} `, bar, ` ${short(high)}; a mark shows the true value`));
    } else {
      classes.slice(0, 20).forEach((name, index) => {
        const swatch = element("canvas", { width: 16, height: 16, "aria-hidden": "true" });
        shape(swatch.getContext("2d"), SHAPES[index % SHAPES.length], 8, 8, 5.5, colorOf(index));
        list.append(element("li", {}, swatch, " ", given(name)));
      });
      const wrong = regions.points.filter((point) => point.true !== point.predicted).length;
      list.append(element("li", { text: `ring: answered wrongly, ${wrong} of the ${regions.points.length} that are shown` }));
    }
    this.legend.replaceChildren(list);
  }
}

function rangeOf({ answers, points }) {
  // Not Math.min(...): thousands of arguments.
  const all = [...answers, ...points.map((point) => point.true)];
  const low = all.reduce((one, other) => Math.min(one, other));
  const high = all.reduce((one, other) => Math.max(one, other));
  return high > low ? [low, high] : [low - 1, high + 1];
}

const short = (value) => Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });

// A number on an axis, with as many digits as tell it from its neighbors.
function tick(value, { low, high }) {
  const digits = Math.max(0, 1 - Math.floor(Math.log10(high - low)));
  if (digits > 6 || Math.abs(value) >= 1e7) return value.toExponential(1);
  return (Number(value.toFixed(digits)) + 0).toLocaleString("en", { maximumFractionDigits: digits });
}

function axes(pen, inner, { x, y }, size) {
  Object.assign(pen, { strokeStyle: color("--edge"), lineWidth: 1, fillStyle: color("--quiet"), font: `12px ${getComputedStyle(document.body).fontFamily}` });
  pen.strokeRect(inner.x + 0.5, inner.y + 0.5, inner.width - 1, inner.height - 1);
  for (const share of [0, 0.5, 1]) {
    pen.textAlign = share === 0 ? "left" : share === 1 ? "right" : "center";
    pen.fillText(tick(x.low + share * (x.high - x.low), x), inner.x + share * inner.width, inner.y + inner.height + 16);
    pen.textAlign = "right";
    pen.fillText(tick(y.low + share * (y.high - y.low), y), inner.x - 6, inner.y + (1 - share) * inner.height + (share === 1 ? 10 : share === 0 ? 0 : 4));
  }
  pen.textAlign = "center";
  pen.fillText(cut(x.name), inner.x + inner.width / 2, size - 6, inner.width);
  pen.save();
  pen.translate(12, inner.y + inner.height / 2);
  pen.rotate(-Math.PI / 2);
  pen.fillText(cut(y.name), 0, 0, inner.height);
  pen.restore();
}

const cut = (name) => (name.length > 40 ? `${name.slice(0, 39)}…` : name);

function shape(pen, kind, x, y, radius, fill) {
  pen.beginPath();
  const corners = (count, turn, inset) => {
    for (let corner = 0; corner < count; corner++) {
      const far = inset && corner % 2 ? radius * inset : radius * 1.25;
      const angle = turn + (2 * Math.PI * corner) / count;
      pen.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
    }
    pen.closePath();
  };
  if (kind === "circle") pen.arc(x, y, radius, 0, 2 * Math.PI);
  else if (kind === "square") pen.rect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8);
  else if (kind === "triangle") corners(3, -Math.PI / 2);
  else if (kind === "diamond") corners(4, 0);
  else if (kind === "cross") corners(8, Math.PI / 4, 0.35);
  else if (kind === "plus") corners(8, 0, 0.35);
  else if (kind === "star") corners(10, -Math.PI / 2, 0.55);
  else pen.rect(x - radius * 0.5, y - radius * 1.2, radius, radius * 2.4);
  Object.assign(pen, { fillStyle: fill, strokeStyle: color("--paper"), lineWidth: 2.6 });
  pen.stroke();
  Object.assign(pen, { strokeStyle: color("--ink"), lineWidth: 1 });
  pen.stroke();
  pen.fill();
}

// What the map shows, for whoever cannot see it.
function alternative({ number, regions, by_class: shares, regression, classes }) {
  const where = `Plane of ${cut(regions.x.name)} and ${cut(regions.y.name)}, candidate ${number}.`;
  if (regression) return `${where} Predicted values, with a root mean squared error of ${short(regression.rmse)}.`;
  const told = shares.slice(0, 20).map(({ name, rows, right }) => `${cut(name)}: ${rows ? percent(right / rows) : "no rows"} right`);
  const areas = classes.slice(0, 20).map((name, index) => {
    const share = regions.answers.filter((answer) => answer === index).length / regions.answers.length;
    return `${cut(name)} in ${percent(share, 0)} of the plane`;
  });
  return `${where} Answers: ${areas.join(", ")}. Validation rows: ${told.join(", ")}.`;
}

// How many rows of each class were answered correctly, as a table: what the colors show, in numbers.
export function sharesTable({ by_class: shares, regression }, table) {
  if (regression) {
    return table("Errors on the validation rows", [["Measure"], ["Value", true]], [
      ["Root mean squared error", short(regression.rmse)],
      ["Mean absolute error", short(regression.mae)],
      ["R²", regression.r2.toFixed(3)],
    ]);
  }
  return table(
    "Right answers by class",
    [["Class"], ["Right", true], ["Rows", true], ["Share", true]],
    shares.map(({ name, rows, right }) => [given(name), `${right}`, `${rows}`, rows ? percent(right / rows) : "-"]),
  );
}
