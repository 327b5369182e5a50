// Hidden layers lit: a dot for each neuron of a vector layer, a small map for each channel of an image.
const SVG = "http://www.w3.org/2000/svg";
const CELL = 10;
const FEWEST_COLUMNS = 8;
const BOUNDED = new Set(["tanh", "sigmoid"]);

// Draw the layers of an answer into a place; what is there already is lit anew.
export function light(place, layers) {
  if (place.children.length !== layers.length) place.replaceChildren(...layers.map(() => frame()));
  layers.forEach((layer, index) => {
    const figure = place.children[index];
    const values = layer.values ?? layer.maps.flat(2);
    // What is bounded keeps its scale from answer to answer; the others' is their largest value.
    const scale = BOUNDED.has(layer.activation) ? 1 : Math.max(...values.map(Math.abs), 1e-9);
    const what = layer.values ? `${layer.shape[0].toLocaleString("en")} neurons` : `${layer.shape[0]} maps of ${layer.shape[1]} x ${layer.shape[2]}`;
    const shown = layer.values ? layer.values.length : layer.maps.length;
    const cut = shown < layer.shape[0] ? `, the first ${shown.toLocaleString("en")} shown` : "";
    figure.querySelector("figcaption").textContent = `${index + 1}. ${layer.description}${cut}`;
    const drawing = figure.querySelector(".lamps");
    const active = values.filter((value) => Math.abs(value) > scale / 10).length;
    drawing.setAttribute("aria-label", `Hidden layer ${index + 1}: ${what}; ${Math.round((100 * active) / values.length)} % of the values are lit`);
    if (layer.values) dots(drawing, layer.values, scale);
    else maps(drawing, layer.maps, scale);
  });
}

function frame() {
  const figure = document.createElement("figure");
  const drawing = document.createElement("div");
  drawing.className = "lamps";
  drawing.setAttribute("role", "img");
  figure.append(document.createElement("figcaption"), drawing);
  return figure;
}

function dots(place, values, scale) {
  let svg = place.querySelector("svg");
  if (svg?.childElementCount !== values.length) {
    const columns = Math.min(values.length, Math.max(FEWEST_COLUMNS, Math.ceil(Math.sqrt(3 * values.length))));
    svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${columns * CELL} ${Math.ceil(values.length / columns) * CELL}`);
    svg.setAttribute("width", columns * CELL * 1.6);
    for (let index = 0; index < values.length; index++) {
      const dot = document.createElementNS(SVG, "circle");
      dot.setAttribute("cx", ((index % columns) + 0.5) * CELL);
      dot.setAttribute("cy", (Math.floor(index / columns) + 0.5) * CELL);
      dot.setAttribute("r", 0.4 * CELL);
      dot.append(document.createElementNS(SVG, "title"));
      svg.append(dot);
    }
    place.replaceChildren(svg);
  }
  values.forEach((value, index) => {
    const dot = svg.children[index];
    dot.setAttribute("class", value < 0 ? "lamp below" : "lamp");
    dot.setAttribute("fill-opacity", Math.min(1, Math.abs(value) / scale).toFixed(3));
    dot.firstChild.textContent = `neuron ${index + 1}: ${value.toPrecision(3)}`;
  });
}

function maps(place, channels, scale) {
  while (place.children.length > channels.length) place.lastChild.remove();
  while (place.children.length < channels.length) place.append(document.createElement("canvas"));
  const style = getComputedStyle(document.documentElement);
  const colors = ["--mark", "--warm"].map((name) => channelsOf(style.getPropertyValue(name).trim()));
  channels.forEach((rows, index) => paint(place.children[index], rows, (value) => {
    const [red, green, blue] = colors[value < 0 ? 1 : 0];
    return [red, green, blue, Math.round(255 * Math.min(1, Math.abs(value) / scale))];
  }));
}

// Paint rows of numbers, one pixel each; `color` gives red, green, blue and opacity.
export function paint(canvas, rows, color) {
  canvas.width = rows[0].length;
  canvas.height = rows.length;
  const image = new ImageData(canvas.width, canvas.height);
  rows.flat().forEach((value, index) => image.data.set(color(value), 4 * index));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function channelsOf(color) {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}
