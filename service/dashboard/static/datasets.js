// The list of data sets: uploads a file, and deletes.
import { enableDeleting } from "./delete_dataset.js";
import { capital, clearMarks, mark, reveal } from "./fields.js";
import { root } from "./service.js";
import { bytes } from "./words.js";

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;
const HEAD = 65536;

enableDeleting(() => location.reload());
const form = document.getElementById("upload");
if (form) enableUploading();

// Return a name for a data set that is made of a file of this name; empty where nothing is left of it.
export function suggestedName(fileName) {
  return fileName.toLowerCase().replace(/\.[a-z0-9]+$/, "").replace(/[^a-z0-9._-]+/g, "-").replace(/^[^a-z0-9]+/, "").slice(0, 100).replace(/-+$/, "");
}

// Return the columns that the first line of a CSV file names, as near as a look can tell.
export function columnsOf(head) {
  const line = head.replace(/^\uFEFF/, "").split(/\r?\n/, 1)[0];
  const [separator] = [",", ";", "\t", "|"].sort((a, b) => line.split(b).length - line.split(a).length);
  return line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")).filter((cell) => cell && cell.length <= 200);
}

function enableUploading() {
  const input = document.getElementById("file");
  const drop = document.getElementById("drop");
  const name = document.getElementById("name");
  const send = document.getElementById("send");
  const stop = document.getElementById("stop");
  const sent = document.getElementById("sent");
  const sentText = document.getElementById("sent-text");
  const refusal = document.getElementById("refusal");
  let file = null;
  let going = null;
  let suggested = "";

  async function choose(chosen) {
    file = chosen;
    clearMarks(form);
    refusal.textContent = "";
    document.getElementById("chosen").hidden = !file;
    if (!file) return;
    // A name that somebody wrote stays.
    if (name.value === suggested) name.value = suggested = suggestedName(file.name);
    if (file.size > Number(form.dataset.most)) {
      mark(field("file"), `the file has ${bytes(file.size)}; the limit is ${bytes(Number(form.dataset.most))}`);
    }
    const columns = /\.csv$/i.test(file.name) ? columnsOf(await file.slice(0, HEAD).text()) : [];
    document.getElementById("columns").replaceChildren(
      ...columns.slice(0, 500).map((column) => Object.assign(document.createElement("option"), { value: column })),
    );
  }

  function query() {
    const asked = new URLSearchParams();
    const title = [...file.name].filter((one) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(one)).join("").trim().slice(0, 200);
    if (title) asked.set("title", title);
    for (const option of form.querySelectorAll("[data-option]")) {
      const lines = "lines" in option.dataset ? option.value.split("\n").map((line) => line.trim()) : [option.value];
      for (const line of lines) if (line) asked.append(option.dataset.option, line);
    }
    return asked;
  }

  function upload() {
    const asked = new XMLHttpRequest();
    going = asked;
    asked.open("PUT", `${root}/v1/datasets/${encodeURIComponent(name.value)}?${query()}`);
    // What kind of file it is, its content tells; browsers know it from the ending alone, and not alike.
    asked.setRequestHeader("Content-Type", "application/octet-stream");
    asked.setRequestHeader("Accept", "application/json");
    asked.upload.addEventListener("progress", (event) => {
      sent.value = event.total ? event.loaded / event.total : 0;
      sentText.textContent = `${bytes(event.loaded)} of ${bytes(event.total)} sent`;
    });
    asked.upload.addEventListener("load", () => {
      sent.removeAttribute("value");
      sentText.textContent = "The file has arrived; the service reads it and looks for what is wrong with it …";
    });
    asked.addEventListener("load", () => ended(asked));
    asked.addEventListener("error", () => refuse("the upload broke off: the service could not be reached; nothing was kept"));
    asked.addEventListener("abort", () => refuse("the upload was stopped; nothing was kept"));
    sent.value = 0;
    busy(true);
    asked.send(file);
  }

  function ended(asked) {
    if (asked.status === 200 || asked.status === 201) {
      location.assign(`${root}/datasets/${encodeURIComponent(name.value)}`);
      return;
    }
    let problem = {};
    try {
      problem = JSON.parse(asked.responseText);
    } catch {
      // Something between the service and this page answered in its place.
    }
    const about = (problem.errors ?? []).map(({ pointer, detail }) => [fieldOf(pointer), detail]);
    if (problem.code === "dataset-exists") about.push([field("name"), problem.detail]);
    const marked = about.filter(([slot]) => slot);
    if (!marked.length) {
      refuse(problem.detail ?? `the service answered ${asked.status}`);
      return;
    }
    refuse(problem.detail);
    for (const [slot, detail] of marked) mark(slot, detail);
    reveal(marked[0][0]);
  }

  function refuse(sentence) {
    busy(false);
    refusal.textContent = capital(/[.!?]$/.test(sentence) ? sentence : `${sentence}.`);
    refusal.focus();
  }

  function busy(on) {
    if (!on) going = null;
    send.disabled = on;
    input.disabled = on;
    stop.hidden = !on;
    document.getElementById("sending").hidden = !on;
    form.setAttribute("aria-busy", String(on));
  }

  input.addEventListener("change", () => choose(input.files[0] ?? null));
  stop.addEventListener("click", () => going?.abort());
  for (const type of ["dragenter", "dragover"]) {
    drop.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (going || !event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    choose(event.dataTransfer.files[0]);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearMarks(form);
    refusal.textContent = "";
    if (!file || going) return;
    if (!NAME.test(name.value)) {
      mark(field("name"), "must be 1 to 100 lower-case letters, digits, dots, underscores and hyphens, the first one a letter or a digit");
      reveal(field("name"));
      return;
    }
    upload();
  });
  form.hidden = false;
  // A browser that comes back to the page may have kept the choice.
  if (input.files.length) choose(input.files[0]);
}

function field(id) {
  return document.getElementById(`field-${id}`);
}

// Return the field of an error: its pointer is `?OPTION`, or the name of a part of the address.
function fieldOf(pointer) {
  return field(pointer.replace(/^[?/]+/, "").split("/")[0]);
}
