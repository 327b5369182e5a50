// Fetches the examination of a candidate once the page is shown, and shows what was found.
import { element, examine, given, percent, table } from "./examination.js";
import { Plane, sharesTable } from "./plane.js";

const section = document.getElementById("examination");
const SHOWN_ROWS = 12; // of a table, which takes more room than pictures; the CSV file has every row
const SVG = "http://www.w3.org/2000/svg";

const part = (title, ...children) => element("section", {}, element("h3", { text: title }), ...children.filter(Boolean));

// ---- pictures

// A picture of numbers 0..255 with one channel or three; any other number of channels stands side by side.
function picture({ height, width, channels }, pixels, label) {
  const color = channels === 3;
  const across = color ? width : width * channels;
  const canvas = element("canvas", { className: "pixels", role: "img", "aria-label": label });
  Object.assign(canvas, { width: across, height });
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(across, height);
  const size = height * width;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < across; column++) {
      const inside = row * width + (column % width);
      const channel = Math.floor(column / width);
      const rgb = color ? [0, 1, 2].map((each) => pixels[each * size + inside]) : Array(3).fill(pixels[channel * size + inside]);
      image.data.set([...rgb, 255], 4 * (row * across + column));
    }
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}

// Purple to orange over a gray that is neither paper's (after Brewer's PuOr): red-green blindness does not matter to it.
const NEGATIVE = [84, 39, 136];
const POSITIVE = [241, 143, 26];
const MIDDLE = [247, 247, 247];
const diverging = (share) => {
  const end = share < 0 ? NEGATIVE : POSITIVE;
  const far = Math.sqrt(Math.min(1, Math.abs(share)));
  return MIDDLE.map((value, place) => Math.round(value + (end[place] - value) * far));
};

function weightPicture(layer, { label, values }) {
  const canvas = element("canvas", { className: "pixels", "aria-hidden": "true" });
  Object.assign(canvas, { width: layer.width, height: layer.height });
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(layer.width, layer.height);
  values.forEach((value, place) => image.data.set([...diverging(layer.largest ? value / layer.largest : 0), 255], 4 * place));
  pen.putImageData(image, 0, 0);
  return element("li", {}, canvas, element("small", {}, layer.kind === "outputs" ? given(label) : label));
}

const NOUNS = { neurons: ["neuron", "neurons"], kernels: ["kernel", "kernels"], outputs: ["output", "outputs"] };

function weights(layer) {
  const nouns = NOUNS[layer.kind];
  const shown = layer.images.length < layer.count ? `The ${layer.images.length} strongest of ${layer.count} ${nouns[1]}` : `All ${layer.count} ${nouns[1]}`;
  const scale = element("canvas", { className: "ramp", width: 120, height: 12, "aria-hidden": "true" });
  const pen = scale.getContext("2d");
  for (let place = 0; place < 120; place++) {
    pen.fillStyle = `rgb(${diverging(place / 59.5 - 1).join(" ")})`;
    pen.fillRect(place, 0, 1, 12);
  }
  const largest = layer.largest.toPrecision(3);
  return part(
    "What its first layer looks for",
    element("p", { className: "note" }, `${shown}, each as the picture of its weights: `, scale, ` from −${largest} to +${largest}. What a weight is multiplied with is a pixel's distance from its mean.`),
    element("ul", { className: "gallery weights", "aria-label": shown }, ...layer.images.map((image) => weightPicture(layer, image))),
  );
}

// ---- answers

function matrix({ classes, confusion }) {
  const heads = element("tr", {}, element("th", { scope: "col", text: "is \\ answered" }));
  for (const name of classes) heads.append(element("th", { scope: "col", className: "number" }, given(name)));
  const body = element("tbody");
  confusion.forEach((row, index) => {
    const rows = row.reduce((sum, count) => sum + count, 0);
    const line = element("tr", {}, element("th", { scope: "row" }, given(classes[index])));
    row.forEach((count, place) => {
      const cell = element("td", { className: place === index ? "number right" : "number wrong", text: count ? `${count}` : "·" });
      // The number stays readable: the shade never goes beyond a third.
      cell.style.setProperty("--share", `${Math.round((rows ? count / rows : 0) * (place === index ? 35 : 100))}%`);
      line.append(cell);
    });
    body.append(line);
  });
  const caption = "Rows by the class they have, columns by the one they were given";
  return element(
    "div",
    { className: "wide", tabindex: "0", role: "region", "aria-label": "Confusion matrix" },
    element("table", { className: "confusion" }, element("caption", { text: caption }), element("thead", {}, heads), body),
  );
}

function mistakes({ mistakes: list }) {
  if (!list.length) return null;
  return table(
    "The most frequent mistakes",
    [["Is"], ["Taken for"], ["Rows", true]],
    list.slice(0, 10).map((one) => [given(one.true), given(one.predicted), `${one.rows}`]),
  );
}

function worst(examination) {
  const { worst: rows, picture: form, task } = examination;
  const title = task === "regression" ? "Where it is farthest off" : "Its worst errors";
  if (!rows.length) return part(title, element("p", { className: "empty", text: "It answered every validation row correctly." }));
  if (form) {
    return part(
      title,
      element("p", { className: "note", text: "The most confidently wrong first: what it is, and what it was taken for." }),
      element(
        "ul",
        { className: "gallery", "aria-label": title },
        ...rows.map((one) =>
          element(
            "li",
            {},
            picture(form, one.pixels, `row ${one.row}`),
            element("span", {}, given(one.true), " → ", given(one.predicted)),
            element("small", { text: one.probability === null ? `off by ${one.loss.toPrecision(3)}` : `${percent(one.probability, 0)} sure` }),
          ),
        ),
      ),
    );
  }
  const names = rows[0].cells.map((cell) => cell.name);
  return part(
    title,
    table(
      task === "regression" ? "The rows whose value it missed by most" : "The rows that it was most confidently wrong about",
      [["Row"], ["Is"], ["Answered"], [task === "regression" ? "Off by" : "Sure", true], ...names.map((name) => [name])],
      rows.slice(0, SHOWN_ROWS).map((one) => [
        `${one.row}`,
        given(one.true),
        given(one.predicted),
        one.probability === null ? one.loss.toPrecision(4) : percent(one.probability),
        ...one.cells.map((cell) => given(cell.value)),
      ]),
      "rows",
    ),
  );
}

function calibration({ calibration: found }) {
  return part(
    "Can its probabilities be believed?",
    element("p", { text: `On average a probability is off by ${percent(found.error)} from the share of right answers.` }),
    table(
      "Answers by the probability that it gave them",
      [["Probability"], ["Rows", true], ["Mean probability", true], ["Right", true]],
      found.bins.map((bin) => [`${percent(bin.low, 0)} to ${percent(bin.high, 0)}`, `${bin.rows}`, percent(bin.probability), percent(bin.right)]),
    ),
  );
}

// ---- regression

function scatter({ regression, classes }) {
  const [size, left, bottom] = [360, 60, 40];
  const all = regression.points.flatMap((point) => [point.true, point.predicted]);
  const low = all.reduce((one, other) => Math.min(one, other));
  const high = Math.max(all.reduce((one, other) => Math.max(one, other)), low + 1e-9);
  const x = (value) => left + ((size - left - 10) * (value - low)) / (high - low);
  const y = (value) => size - bottom - ((size - bottom - 10) * (value - low)) / (high - low);
  const mark = (name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const words = (value) => Number(value.toPrecision(3)).toLocaleString("en");
  const summary = `Predicted against true values of ${classes[0]}: R² ${regression.r2.toFixed(3)}`;
  const drawing = mark("svg", { viewBox: `0 0 ${size} ${size}`, width: size, role: "img", "aria-label": summary, class: "scatter" });
  drawing.append(mark("line", { x1: x(low), y1: y(low), x2: x(high), y2: y(high), class: "grid" }));
  for (const point of regression.points) drawing.append(mark("circle", { cx: x(point.true).toFixed(1), cy: y(point.predicted).toFixed(1), r: 3, class: "dot" }));
  for (const value of [low, high]) {
    drawing.append(mark("text", { x: x(value), y: size - bottom + 18, class: "tick", "text-anchor": value === low ? "start" : "end" }, words(value)));
    drawing.append(mark("text", { x: left - 6, y: y(value) + (value === low ? 0 : 8), class: "tick", "text-anchor": "end" }, words(value)));
  }
  drawing.append(mark("text", { x: (size + left) / 2, y: size - 4, class: "tick", "text-anchor": "middle" }, "true value"));
  drawing.append(mark("text", { x: 0, y: 0, class: "tick", "text-anchor": "middle", transform: `translate(12 ${size / 2}) rotate(-90)` }, "predicted value"));
  return part("Predicted against true", drawing, element("p", { className: "note", text: "On the line both are equal." }));
}

// ---- all of it

function plane(examination) {
  const host = element("div");
  const legend = element("figcaption");
  const made = part("What it answers in the plane of the two features", element("figure", { className: "plane" }, host, legend));
  new Plane(host, legend).show(examination);
  return made;
}

function show(found) {
  const { reproduction, rows, right, regression } = found;
  const findings = document.getElementById("findings");
  const proof = element("p", { className: reproduction.equal ? "proof" : "trouble", text: `${capital(reproduction.sentence)}.` });
  const sum = regression
    ? `Of ${rows.toLocaleString("en")} validation rows it is off by ${regression.mae.toPrecision(4)} on average.`
    : `${right.toLocaleString("en")} of ${rows.toLocaleString("en")} validation rows are answered correctly.`;
  findings.replaceChildren(
    proof,
    element("p", { text: sum }),
    ...[
      found.regions && plane(found),
      found.confusion && part("Which classes it mixes up", element("div", { className: "columns" }, ...[matrix(found), mistakes(found)].filter(Boolean))),
      !found.confusion && found.mistakes && part("Which classes it mixes up", mistakes(found)),
      found.by_class && element("details", {}, element("summary", { text: "Right answers by class" }), sharesTable(found, table)),
      regression && scatter(found),
      regression && sharesTable(found, table),
      worst(found),
      found.first_layer && weights(found.first_layer),
      found.calibration && calibration(found),
    ].filter(Boolean),
  );
  document.getElementById("examined-downloads").hidden = false;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

async function load() {
  const progress = document.getElementById("progress");
  const tell = (text) => {
    if (progress.textContent !== text) progress.textContent = text;
  };
  section.setAttribute("aria-busy", "true");
  try {
    show(await examine(section.dataset.path, tell));
    tell("");
  } catch (error) {
    const again = element("button", { type: "button", text: "Try again" });
    again.addEventListener("click", load);
    const note = element("p", { className: "trouble", text: `${capital(error.message)}.` });
    progress.replaceChildren(note);
    if (error.retry) {
      again.disabled = true;
      note.append(` It can be tried again in ${error.retry} s.`);
      setTimeout(() => (again.disabled = false), 1000 * error.retry);
      progress.append(again);
    }
  } finally {
    section.removeAttribute("aria-busy");
  }
}

if (section) load();
