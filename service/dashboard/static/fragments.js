// Fetches the parts of a page that take a while when they come into view; the service renders them, markup and all.
const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      fill(entry.target);
    }
  },
  { rootMargin: "300px" },
);

async function fill(element) {
  element.setAttribute("aria-busy", "true");
  const text = await fetched(element.dataset.fragment);
  element.removeAttribute("aria-busy");
  if (text === null) {
    const note = document.createElement("p");
    note.className = "trouble";
    note.textContent = "This part could not be fetched; reload the page to try again.";
    element.replaceChildren(note);
    return;
  }
  element.innerHTML = text;
}

// Return what a path of the service answers as text; null when it does not answer.
export async function fetched(path) {
  try {
    const answer = await fetch(path);
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

for (const element of document.querySelectorAll("[data-fragment]")) seen.observe(element);
