// What a user does with a job. A refusal is shown as the sentence that the service gave, beside what was pressed.
import { request, root } from "./service.js";

const bar = document.getElementById("actions");
const refusal = document.getElementById("refusal");
const job = bar.dataset.job;
const path = `/v1/jobs/${job}`;

function offer(status) {
  bar.dataset.status = status;
  for (const button of bar.querySelectorAll("[data-when]")) button.hidden = !button.dataset.when.split(" ").includes(status);
}

// Do something once at a time; `where` gets the sentence if it is refused. Returns the answer, undefined if refused.
async function attempt(pressed, where, act) {
  where.textContent = "";
  pressed.disabled = true;
  try {
    return await act();
  } catch (error) {
    where.textContent = error.message;
    return undefined;
  } finally {
    pressed.disabled = false;
  }
}

async function change(body) {
  return (await request("PATCH", path, body)).json();
}

function written(now) {
  document.getElementById("name").textContent = now.name;
  document.title = `${now.name.slice(0, 80)} - Cambrian`;
  const labels = document.getElementById("labels");
  labels.replaceChildren(
    ...now.labels.flatMap((label) => {
      const shown = document.createElement("bdi");
      shown.className = "label";
      shown.textContent = label;
      return [shown, " "];
    }),
  );
  labels.hidden = now.labels.length === 0;
  document.getElementById("notes").hidden = now.notes === "";
  document.querySelector("#notes .notes").textContent = now.notes;
  document.getElementById("archived").hidden = !now.archived;
  const archive = document.getElementById("archive");
  archive.dataset.archived = now.archived ? "yes" : "no";
  archive.textContent = now.archived ? "Take out of the archive" : "Archive";
}

for (const button of bar.querySelectorAll("[data-verb]")) {
  button.addEventListener("click", async () => {
    const answer = await attempt(button, refusal, () => request("POST", `${path}/${button.dataset.verb}`));
    if (answer === undefined) return;
    const now = await answer.json();
    offer(now.pause_requested ? "pausing" : now.status);
  });
}

document.getElementById("archive").addEventListener("click", async (event) => {
  const archived = event.target.dataset.archived !== "yes";
  const now = await attempt(event.target, refusal, () => change({ archived }));
  if (now !== undefined) written(now);
});

// What a dialog does when it is agreed to; it stays open, with the sentence, where that is refused.
const DIALOGS = {
  async cancel() {
    await request("POST", `${path}/cancel`);
  },
  async delete() {
    await request("DELETE", path);
    location.assign(`${root}/`);
  },
  async raise(form) {
    const budget = { [form.amount.dataset.unit]: form.amount.valueAsNumber };
    if (form.seconds) budget.max_seconds = form.seconds.valueAsNumber;
    await change({ budget });
    form.amount.min = form.amount.value;
  },
  async edit(form) {
    const labels = form.labels.value.split(",").map((label) => label.trim()).filter((label) => label !== "");
    written(await change({ name: form.elements.name.value, labels, notes: form.notes.value }));
  },
};

for (const button of bar.querySelectorAll("[data-opens]")) {
  const dialog = document.getElementById(button.dataset.opens);
  const form = dialog.querySelector("form");
  const sentence = dialog.querySelector(".trouble");
  const submit = form.querySelector("[type=submit]");
  button.addEventListener("click", () => {
    sentence.textContent = "";
    dialog.showModal();
  });
  dialog.querySelector("[data-closes]").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const done = await attempt(submit, sentence, async () => (await DIALOGS[dialog.id](form)) ?? true);
    if (done) dialog.close();
  });
}

document.addEventListener("job-status", (event) => offer(event.detail));
offer(bar.dataset.status);
bar.hidden = false;
