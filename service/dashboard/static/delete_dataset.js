// Buttons that delete a data set, after a question: <button data-delete="NAME">.
import { capital } from "./fields.js";
import { request } from "./service.js";

const dialog = document.getElementById("confirm");
const trouble = document.getElementById("trouble");
let name;

// Enable the buttons; `done` is called with the name of a data set that is gone.
export function enableDeleting(done) {
  for (const button of document.querySelectorAll("[data-delete]")) {
    button.addEventListener("click", () => {
      name = button.dataset.delete;
      document.getElementById("confirm-name").textContent = name;
      dialog.showModal();
    });
  }
  document.getElementById("confirm-keep").addEventListener("click", () => dialog.close());
  document.getElementById("confirm-delete").addEventListener("click", async () => {
    dialog.close();
    try {
      await request("DELETE", `/v1/datasets/${encodeURIComponent(name)}`);
      done(name);
    } catch (error) {
      trouble.textContent = capital(`${error.message}.`);
      trouble.scrollIntoView({ block: "nearest" });
    }
  });
}
