// Asks for the examination of a candidate until it is there, and puts what is on its way into words.
import { Refused, root, Unreachable } from "./service.js";

const PAUSE = 1000;
const LONG_PAUSE = 5000;

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// The examination at a path of the API. `tell` hears one sentence each time that it is not there yet; `wanted` says
// whether anybody still waits: undefined comes back where nobody does. Throws Refused, with `retry` in seconds where the
// same request may work later.
export async function examine(path, tell = () => {}, wanted = () => true) {
  for (;;) {
    if (!wanted()) return undefined;
    const answer = await ask(path);
    if (answer === undefined) {
      tell(new Unreachable().message);
      await pause(LONG_PAUSE);
      continue;
    }
    if (answer.status === 200) return answer.json();
    const said = await answer.json().catch(() => ({}));
    if (answer.status === 202) {
      tell(sentence(said));
      await pause(PAUSE);
    } else if (answer.status === 429 || said.code === "too-many-examinations") {
      tell("Many examinations wait already; this one is asked for again in a moment.");
      await pause(1000 * Number(answer.headers.get("Retry-After") ?? 5));
    } else {
      const refused = new Refused(said, answer.status);
      refused.retry = answer.status === 503 ? Number(answer.headers.get("Retry-After") ?? 5) : undefined;
      throw refused;
    }
  }
}

async function ask(path) {
  try {
    return await fetch(root + path, { headers: { Accept: "application/json" } });
  } catch {
    return undefined;
  }
}

function sentence({ state, ahead, epoch, epochs }) {
  if (state === "training") {
    return epochs > 0 ? `Training it again: epoch ${epoch} of ${epochs} ...` : "Looking at the network that was kept ...";
  }
  return ahead > 0 ? `Waiting for ${ahead} other ${ahead === 1 ? "examination" : "examinations"} ...` : "Starting ...";
}

// An element with text and children, which are never read as markup.
export function element(name, options = {}, ...children) {
  const { text, className, ...attributes } = options;
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A name that came with the data: it may be of any length and run in any direction.
export const given = (name) => element("bdi", { text: name, className: "given", title: name });

export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;

export function table(caption, heads, rows, className = "") {
  const made = element("table", { className }, element("caption", { text: caption }));
  const line = element("tr");
  for (const [text, isNumber] of heads) {
    line.append(element("th", { scope: "col", text, ...(isNumber ? { className: "number" } : {}) }));
  }
  const body = element("tbody");
  for (const row of rows) {
    const cells = element("tr");
    row.forEach((cell, place) => {
      const made = element(place === 0 ? "th" : "td", place === 0 ? { scope: "row" } : {});
      if (heads[place][1]) made.className = "number";
      made.append(cell);
      cells.append(made);
    });
    body.append(cells);
  }
  made.append(element("thead", {}, line), body);
  return element("div", { className: "wide", tabindex: "0", role: "region", "aria-label": caption }, made);
}
