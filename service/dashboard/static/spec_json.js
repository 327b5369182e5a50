// JSON of a job spec. Numbers keep their digits (a seed may have 19 of them, a JavaScript number keeps 15), and characters
// that nobody sees are escaped.

// A number as the text that it was typed as.
export class Digits {
  constructor(text) {
    this.text = text;
  }
}

// Whether a value of the form is the default, which is plain JSON.
export function same(value, standard) {
  if (value instanceof Digits) return typeof standard === "number" && Number(value.text) === standard;
  if (Array.isArray(value) && Array.isArray(standard)) {
    return value.length === standard.length && value.every((one, place) => same(one, standard[place]));
  }
  return value === standard;
}

// Write JSON, over several lines when `indent` is given. `shell` is for text that stands in single quotes in a command:
// quotes and backslashes within strings are then escaped as \uXXXX, so that no shell reads anything into them.
export function write(value, { indent = "", shell = false } = {}) {
  return written(value, indent, shell, "\n");
}

function written(value, indent, shell, line) {
  if (value instanceof Digits) return value.text;
  if (typeof value === "string") return quoted(value, shell);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = line + indent;
  // Lists are short: they stay on their line.
  if (Array.isArray(value)) return `[${value.map((one) => written(one, "", shell, "")).join(", ")}]`;
  const parts = Object.entries(value).map(([name, one]) => `${quoted(name, shell)}: ${written(one, indent, shell, inner)}`);
  if (parts.length === 0) return "{}";
  return indent ? `{${inner}${parts.join(`,${inner}`)}${line}}` : `{${parts.join(", ")}}`;
}

function quoted(text, shell) {
  const escaped = Array.from(text, (point) => {
    if (/[\p{C}\p{Zl}\p{Zp}]/u.test(point) || (shell && /["'\\]/.test(point))) return units(point);
    return point === '"' || point === "\\" ? `\\${point}` : point;
  });
  return `"${escaped.join("")}"`;
}

function units(point) {
  return point.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
}
