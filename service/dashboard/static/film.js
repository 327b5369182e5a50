// Plays the film of a search: the frames come from the service at the first wish for one, and are only shown and hidden
// here. Nothing plays by itself. Others may play along: each moment is told by the event `film:frame` on the film's
// element, with `number`, the best network's candidate then (null before the first score), and `tried`, the newest one.
import { fetched } from "./fragments.js";

const PAUSE = 900; // Milliseconds between moments at speed 1.

class Film {
  constructor(element) {
    this.element = element;
    this.play = element.querySelector(".play");
    this.slider = element.querySelector("input[type=range]");
    this.speed = element.querySelector("select");
    this.screen = element.querySelector(".screen");
    this.trouble = element.querySelector(".trouble");
    this.frames = [];
    this.timer = null;
    this.play.addEventListener("click", () => this.toggle());
    this.slider.addEventListener("input", () => {
      this.stop();
      this.show(Number(this.slider.value));
    });
    element.addEventListener("keydown", (event) => this.key(event));
  }

  get playing() {
    return this.timer !== null;
  }

  // Fetch the frames, once; say whether they are there.
  async load() {
    if (this.frames.length > 0) return true;
    this.loading ??= fetched(this.element.dataset.film);
    const text = await this.loading;
    this.loading = undefined;
    if (this.frames.length > 0) return true;
    this.trouble.textContent = text === null ? "The film could not be fetched; press Play to try again." : "";
    if (text === null) return false;
    this.screen.innerHTML = text;
    this.frames = [...this.screen.querySelectorAll(".frame")];
    this.drawings = new Map([...this.screen.querySelectorAll(".best")].map((one) => [one.dataset.best, one]));
    this.dots = [...this.screen.querySelectorAll(".strip circle")];
    this.now = this.screen.querySelector(".strip .now");
    if (this.frames.length === 0) return false;
    this.slider.max = this.frames.length - 1;
    this.slider.disabled = false;
    this.show(0);
    return true;
  }

  async toggle() {
    if (this.playing) return this.stop();
    if (!(await this.load()) || this.playing) return;
    if (this.place === this.frames.length - 1) this.show(0);
    this.schedule();
    this.play.textContent = "Stop";
    this.play.setAttribute("aria-pressed", "true");
    // A screen reader that read out every moment would never catch up.
    this.screen.removeAttribute("aria-live");
  }

  schedule() {
    this.timer = setTimeout(() => {
      this.show(this.place + 1);
      if (this.place < this.frames.length - 1) this.schedule();
      else this.stop();
    }, PAUSE / Number(this.speed.value));
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.play.textContent = "Play";
    this.play.setAttribute("aria-pressed", "false");
    this.screen.setAttribute("aria-live", "polite");
  }

  show(place) {
    if (place < 0 || place >= this.frames.length) return;
    const frame = this.frames[place];
    this.place = place;
    this.frames.forEach((one, index) => (one.hidden = index !== place));
    for (const [number, drawing] of this.drawings) drawing.hidden = number !== frame.dataset.best;
    for (const dot of this.dots) dot.classList.toggle("future", Number(dot.dataset.frame) > place);
    const dot = this.dots.find((one) => Number(one.dataset.frame) === place);
    if (this.now && dot) {
      this.now.setAttribute("x1", dot.getAttribute("cx"));
      this.now.setAttribute("x2", dot.getAttribute("cx"));
    }
    this.slider.value = place;
    const tried = Number(frame.dataset.number);
    this.slider.setAttribute("aria-valuetext", `candidate ${tried}`);
    const number = frame.dataset.best === "" ? null : Number(frame.dataset.best);
    this.element.dispatchEvent(new CustomEvent("film:frame", { bubbles: true, detail: { number, tried } }));
  }

  async key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    // The select has its own keys, and so has the slider, but for the space bar; a button presses itself.
    const inside = event.target.tagName;
    if (event.key === " " && !["BUTTON", "SELECT", "A"].includes(inside)) {
      event.preventDefault();
      await this.toggle();
    }
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };
    if (event.key in steps && !["INPUT", "SELECT"].includes(inside)) {
      event.preventDefault();
      this.stop();
      if (this.frames.length === 0) await this.load();
      else this.show(this.place + steps[event.key]);
    }
  }
}

for (const element of document.querySelectorAll("[data-film]")) new Film(element);
