// What is wrong with a form, beside the fields that it is about. A field is an element with an input and a `.error`.

// Take away all marks within an element.
export function clearMarks(within) {
  for (const error of within.querySelectorAll(".error")) {
    error.hidden = true;
    error.textContent = "";
  }
  for (const input of within.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

// Say beside a field what is wrong with it.
export function mark(field, detail) {
  const error = field.querySelector(":scope > .error");
  const sentence = capital(detail);
  error.textContent = error.hidden ? sentence : `${error.textContent}. ${sentence}`;
  error.hidden = false;
  for (const input of inputs(field)) input.setAttribute("aria-invalid", "true");
}

// Bring a field into view and the keyboard to it.
export function reveal(field) {
  for (let folded = field.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
  inputs(field)[0]?.focus();
}

// What a field is called.
export function nameOf(field) {
  return field.querySelector("label[for], .label-text, legend, label")?.textContent.trim() ?? "";
}

export function capital(sentence) {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function inputs(field) {
  const own = field.querySelectorAll("input:not([data-switch]), select, textarea");
  return field.dataset.group === undefined ? [...own] : [field.querySelector("[data-switch]")];
}
