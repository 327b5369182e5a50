// The playground: a film of the improvements, or any candidate, as maps that examinations make.
import { examine, pause, table } from "./examination.js";
import { Plane, sharesTable } from "./plane.js";
import { Refused, root } from "./service.js";

const page = document.getElementById("playground");
if (page) {
  const { job } = page.dataset;
  const frames = JSON.parse(page.dataset.frames).map(([number]) => number);
  const at = (id) => document.getElementById(id);
  const slider = at("frame");
  const plane = new Plane(at("plane"), at("legend"));
  const examinations = new Map();
  const drawings = new Map();
  let chosen;
  let playing = false;
  const FRAME = 1200;

  const path = (number) => `/v1/jobs/${job}/candidates/${number}/examination`;

  // Examinations are asked for once; a refusal is not kept, so that it can be tried again.
  function load(number, tell, wanted) {
    if (examinations.has(number)) return examinations.get(number);
    const asked = examine(path(number), tell, wanted);
    examinations.set(number, asked);
    asked.then((found) => found ?? examinations.delete(number), () => examinations.delete(number));
    return asked;
  }

  async function drawing(number) {
    if (!drawings.has(number)) {
      const answer = await fetch(`${root}/jobs/${job}/candidates/${number}/drawing`);
      if (answer.ok) drawings.set(number, await answer.text());
    }
    return drawings.get(number) ?? "";
  }

  const tell = (text) => {
    if (at("progress").textContent !== text) at("progress").textContent = text;
  };

  async function show(number) {
    chosen = number;
    at("number").value = number;
    const place = frames.indexOf(number);
    if (place >= 0) slider.value = place + 1;
    at("frame-number").textContent = place >= 0 ? `${place + 1} of ${frames.length}` : "none";
    slider.setAttribute("aria-valuetext", place >= 0 ? `${place + 1} of ${frames.length}: candidate ${number}` : `candidate ${number}`);
    at("back").disabled = place === 0;
    at("forth").disabled = place === frames.length - 1;
    drawing(number).then((markup) => {
      // Our own markup, escaped where it was made.
      if (chosen === number) at("drawing").innerHTML = markup;
    });
    page.setAttribute("aria-busy", "true");
    try {
      let found = await load(number, (text) => chosen === number && tell(`Candidate ${number}: ${text}`));
      // It was asked for as a frame that nobody wanted any more.
      found ??= await load(number, (text) => chosen === number && tell(`Candidate ${number}: ${text}`));
      if (chosen !== number) return;
      if (!found.regions) throw new Refused({ detail: "its data have no two features" }, 409);
      plane.show(found);
      at("shares").replaceChildren(sharesTable(found, table));
      tell(`Candidate ${number}: ${found.reproduction.sentence}.`);
    } catch (error) {
      if (chosen !== number) return;
      const later = error.retry ? ` It can be tried again in ${error.retry} s.` : "";
      tell(`Candidate ${number} cannot be shown: ${error.message}.${later}`);
    } finally {
      if (chosen === number) page.removeAttribute("aria-busy");
    }
  }

  function stop() {
    playing = false;
    at("play").textContent = "Play";
  }

  async function play() {
    playing = true;
    at("play").textContent = "Stop";
    let place = frames.indexOf(chosen);
    if (place < 0 || place === frames.length - 1) place = -1;
    while (playing && ++place < frames.length) {
      await show(frames[place]);
      if (playing) await pause(FRAME);
    }
    stop();
  }

  at("play").addEventListener("click", () => (playing ? stop() : play()));
  slider.addEventListener("input", () => {
    stop();
    show(frames[slider.value - 1]);
  });
  for (const [id, step] of [["back", -1], ["forth", 1]]) {
    at(id).addEventListener("click", () => {
      stop();
      const place = frames.indexOf(chosen);
      const next = place < 0 ? Number(slider.value) - 1 : place + step;
      show(frames[Math.min(Math.max(next, 0), frames.length - 1)]);
    });
  }
  at("choose").addEventListener("submit", (event) => {
    event.preventDefault();
    stop();
    if (at("number").value !== "" && at("number").reportValidity()) show(Number(at("number").value));
  });

  // The best first; then all the others at once, so that one process makes them in the order of the film.
  show(frames.at(-1)).then(async () => {
    for (const number of frames) await fetch(root + path(number)).catch(() => undefined);
    for (const number of frames) await load(number).catch(() => undefined);
  });
}
