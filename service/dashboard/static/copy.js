// Buttons that copy the text of an element: <button data-copy="ID">; what happened is said in #copied, if that is there.
export function enableCopying() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      const done = await copy(source);
      const told = document.getElementById("copied");
      if (told) told.textContent = done ? "Copied." : "Your browser did not let the page copy; the text is selected.";
    });
  }
}

async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    // Browsers have a clipboard for pages over https and on this machine; elsewhere the selection is copied.
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}
