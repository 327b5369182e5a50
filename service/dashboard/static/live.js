// Follows a job: events say that something changed, the live region is then fetched anew, at most twice a second.
import { root } from "./service.js";

const region = document.getElementById("live");
const PAUSE = 500;

if (region.dataset.finished === "no") {
  const source = new EventSource(`${root}/v1/jobs/${region.dataset.job}/events`);
  let waiting = false;
  const refresh = async () => {
    waiting = false;
    const answer = await fetch(`${root}/jobs/${region.dataset.job}/live`);
    if (answer.ok) region.innerHTML = await answer.text();
  };
  const changed = () => {
    if (!waiting) {
      waiting = true;
      setTimeout(refresh, PAUSE);
    }
  };
  for (const type of ["status", "phase", "budget", "evaluated", "failed", "rival"]) source.addEventListener(type, changed);
  source.addEventListener("end", () => {
    source.close();
    changed();
  });
}
