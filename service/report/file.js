// Draws the charts of a report that lies in a file, from the figures in the file: when they come into view, and all of
// them before it is printed. The colors are those of the page, as in the service's own pages.
"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const canvases = [...document.querySelectorAll("figure[data-figure]")];
  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };
  const printed = { "--ink": "#000000", "--quiet": "#333333", "--line": "#bbbbbb", "--paper": "#ffffff" };
  document.documentElement.classList.add("scripted");

  function themed(layout, colors) {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => colors[name] ?? style.getPropertyValue(name).trim();
    const line = color("--line");
    const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true };
    const merged = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: color("--quiet"), activecolor: color("--ink") },
      hoverlabel: { bgcolor: color("--paper"), bordercolor: line, font: { color: color("--ink") } },
      margin: { l: 56, r: 12, t: 8, b: 44 },
      xaxis: axis,
      yaxis: axis,
      ...layout,
      font: { family: style.fontFamily, size: 13, color: color("--quiet") },
    };
    for (const key of Object.keys(layout)) {
      if (/^[xy]axis\d*$/.test(key)) merged[key] = { ...axis, ...layout[key] };
    }
    return merged;
  }

  async function draw(element, colors = {}, size = {}) {
    const { data, layout } = figures[element.dataset.figure];
    element.classList.add("drawn");
    // What spans of an error have no color of their own would be black on dark paper.
    const ink = colors["--ink"] ?? getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
    const traces = data.map((trace) => (trace.error_x && !trace.error_x.color ? { ...trace, error_x: { ...trace.error_x, color: ink } } : trace));
    await Plotly.react(element.querySelector(".canvas"), traces, { ...themed(layout, colors), ...size }, config);
    element.dataset.drawn = "yes";
  }

  const seen = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting) {
          seen.unobserve(target);
          draw(target);
        }
      }
    },
    { rootMargin: "300px" },
  );
  canvases.forEach((element) => seen.observe(element));
  dark.addEventListener("change", () => canvases.filter((element) => element.dataset.drawn).forEach((element) => draw(element)));
  // Paper is white, and as wide as paper.
  addEventListener("beforeprint", () => canvases.forEach((element) => draw(element, printed, { width: 660, height: 330 })));
  addEventListener("afterprint", () => canvases.forEach((element) => draw(element)));
})();
