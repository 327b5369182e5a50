// Parts of a page that the service makes anew: elements with ids, which take the place of those of the page.
import { Refused, request } from "./service.js";

const tags = new Map();

// Ask for a part, and put it into the page if it has changed; returns the ids of the elements that were replaced.
export async function load(path) {
  const headers = { Accept: "text/html" };
  if (tags.has(path)) headers["If-None-Match"] = tags.get(path);
  const answer = await request("GET", path, undefined, headers);
  if (answer.status === 304) return [];
  const text = await answer.text();
  tags.set(path, answer.headers.get("ETag") ?? "");
  // Parsed apart from the page: nothing in it would run.
  const parsed = new DOMParser().parseFromString(text, "text/html");
  const replaced = [];
  for (const element of [...parsed.body.children]) {
    const old = document.getElementById(element.id);
    if (old === null) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(element);
    replaced.push(element.id);
    // Whoever is in the middle of it with the keyboard stays there.
    const place = focused?.getAttribute("href");
    if (place) element.querySelector(`[href="${CSS.escape(place)}"]`)?.focus({ preventScroll: true });
  }
  return replaced;
}

// Calls `act` soon after `ask`, but `pause` milliseconds apart, however often it is asked; `ask(true)` does not wait for
// the pause. Pages that hear of the same event ask at slightly different times. What fails is tried again later.
export function paced(act, pause) {
  let timer = null;
  let due = Infinity;
  let done = 0;
  let wait = pause;
  const run = async () => {
    timer = null;
    due = Infinity;
    done = performance.now();
    try {
      await act();
      wait = pause;
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return;
      // Too many requests, or nobody there: twice as long until the next, up to two minutes.
      wait = Math.min(120_000, 2 * wait);
      ask();
    }
  };
  function ask(now = false) {
    const at = now ? performance.now() : Math.max(done + wait, performance.now());
    if (at >= due) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(run, at - performance.now() + Math.random() * 300);
  }
  return ask;
}
