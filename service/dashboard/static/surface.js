// A surface to draw on with mouse, finger, pen or keyboard; `changed` is called whenever there is something new on it.
const CELLS = 28;
const SENT = 112;
const REMEMBERED = 20;

export class Surface {
  constructor(canvas, { cursor, changed, spoken }) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.pen = Number(canvas.dataset.pen);
    this.light = canvas.dataset.light === "yes";
    this.digits = canvas.dataset.digits === "yes";
    this.cursor = cursor;
    this.changed = changed;
    this.spoken = spoken;
    this.before = [];
    this.empty = true;
    this.place = [CELLS / 2, CELLS / 2];
    this.down = false;
    this.last = null;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#go(event));
    for (const type of ["pointerup", "pointercancel"]) canvas.addEventListener(type, () => this.#lift());
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => this.#show());
    canvas.addEventListener("blur", () => {
      this.down = false;
      this.cursor.hidden = true;
    });
  }

  get undoable() {
    return this.before.length > 0;
  }

  clear() {
    this.giveWay();
    this.changed();
  }

  // Take the drawing away in favor of something else; nothing is reported as changed.
  giveWay() {
    if (!this.empty) this.#remember();
    this.#wipe();
  }

  undo() {
    const picture = this.before.pop();
    if (!picture) return;
    this.context.putImageData(picture.data, 0, 0);
    this.empty = picture.empty;
    this.changed();
  }

  // Show an image (anything that a canvas can draw) over the whole surface.
  show(image) {
    this.#remember();
    this.#wipe();
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(image, 0, 0, this.canvas.width, this.canvas.height);
    this.empty = false;
    this.changed();
  }

  // The drawing as the service takes it: ink for digits, gray values for other pictures.
  read() {
    const small = document.createElement("canvas");
    small.width = small.height = SENT;
    const context = small.getContext("2d");
    if (!this.digits) {
      context.fillStyle = this.light ? "white" : "black";
      context.fillRect(0, 0, SENT, SENT);
    }
    context.imageSmoothingQuality = "high";
    context.drawImage(this.canvas, 0, 0, SENT, SENT);
    const { data } = context.getImageData(0, 0, SENT, SENT);
    const pixels = [];
    for (let at = 0; at < data.length; at += 4) {
      const gray = Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]);
      pixels.push(this.digits ? data[at + 3] : gray);
    }
    return { width: SENT, height: SENT, pixels };
  }

  #wipe() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.empty = true;
  }

  #remember() {
    const data = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    this.before.push({ data, empty: this.empty });
    if (this.before.length > REMEMBERED) this.before.shift();
  }

  #begin(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    // A synthetic pointer cannot be captured; it draws all the same.
    try {
      this.canvas.setPointerCapture(event.pointerId);
    } catch {
      // Without capture a stroke ends where it leaves the surface.
    }
    this.canvas.focus({ preventScroll: true });
    this.cursor.hidden = true;
    this.#remember();
    this.last = this.#at(event);
    this.#line(this.last, this.last);
  }

  #go(event) {
    if (this.last === null || !event.isPrimary) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const each of passed.length ? passed : [event]) {
      const next = this.#at(each);
      this.#line(this.last, next);
      this.last = next;
    }
  }

  #lift() {
    this.last = null;
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.canvas.width,
      ((event.clientY - box.top) / box.height) * this.canvas.height,
    ];
  }

  #line([x1, y1], [x2, y2]) {
    const { context } = this;
    context.lineWidth = this.pen;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = this.light ? "black" : "white";
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
    this.empty = false;
    this.changed();
  }

  #key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) {
      const from = this.#center();
      this.place = this.place.map((at, axis) => Math.min(CELLS - 1, Math.max(0, at + steps[event.key][axis])));
      if (this.down) this.#line(from, this.#center());
    } else if (event.key === " ") {
      this.down = !this.down;
      if (this.down) {
        this.#remember();
        this.#line(this.#center(), this.#center());
      }
    } else if (event.key === "Backspace" || event.key === "Delete") {
      this.down = false;
      this.undo();
    } else {
      return;
    }
    event.preventDefault();
    this.#show();
    const [column, row] = this.place;
    this.spoken.textContent = `Pen ${this.down ? "down" : "up"}, column ${column + 1}, row ${row + 1} of ${CELLS}`;
  }

  #center() {
    return this.place.map((at) => ((at + 0.5) / CELLS) * this.canvas.width);
  }

  // The cursor is for the keyboard; whoever points sees the pointer.
  #show() {
    if (!this.canvas.matches(":focus-visible")) return;
    const [left, top] = this.place.map((at) => `${((at + 0.5) / CELLS) * 100}%`);
    Object.assign(this.cursor.style, { left, top });
    this.cursor.classList.toggle("down", this.down);
    this.cursor.hidden = false;
  }
}
