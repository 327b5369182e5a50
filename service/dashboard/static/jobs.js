// The list of jobs brings itself up to date while somebody looks at it and a job is on its way; what is chosen stays.
import { load } from "./parts.js";

const EVERY = 10_000;
const MOST = 4;

function chosen() {
  return [...document.querySelectorAll("#jobs input[name=job]:checked")].map((box) => box.value);
}

// Say what is missing for a comparison, instead of answering with a page that says it.
function count() {
  const button = document.querySelector("#jobs button[type=submit]");
  if (button === null) return;
  const number = chosen().length;
  button.disabled = number < 2 || number > MOST;
  document.getElementById("chosen").textContent =
    number === 0 ? `Choose two to ${MOST}.` : `${number} chosen${number < 2 ? "; choose another" : number > MOST ? `; at most ${MOST}` : ""}.`;
}

async function update() {
  const kept = chosen();
  try {
    const replaced = await load(`/fragments/jobs${location.search}`);
    if (replaced.length === 0) return;
  } catch {
    return; // The next look tries again.
  }
  for (const id of kept) {
    const box = document.getElementById(`choose-${id}`);
    if (box !== null) box.checked = true;
  }
  count();
}

document.addEventListener("change", (event) => {
  if (event.target.name === "job") count();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) update();
});
setInterval(() => {
  if (!document.hidden && document.getElementById("jobs").dataset.active === "yes") update();
}, EVERY);
count();
