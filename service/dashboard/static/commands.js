// The commands that submit the same job from a terminal.
import { isPlain, quote } from "./shell_quote.js";
import { Digits, write } from "./spec_json.js";

// The flags of `cambrian submit`, by what they set.
const FLAGS = {
  "/name": "--name",
  "/strategy": "--strategy",
  "/seed": "--seed",
  "/parallelism": "--parallelism",
  "/priority": "--priority",
  "/budget/evaluations": "--evaluations",
  "/budget/max_seconds": "--max-seconds",
  "/training/epochs": "--epochs",
};

export function curlCommand(service, spec, withToken) {
  return [
    `curl --fail-with-body -X POST ${quote(`${service}/v1/jobs`)}`,
    "-H 'Content-Type: application/json'",
    ...(withToken ? ['-H "Authorization: Bearer $CAMBRIAN_TOKEN"'] : []),
    `--data-raw '${write(spec, { shell: true })}'`,
  ].join(" \\\n  ");
}

export function cambrianCommand(service, spec, defaultUrl) {
  const url = service === defaultUrl ? [] : [`--url ${quote(service)}`];
  const flags = flagsOf(spec);
  if (flags === null) {
    const piped = `printf '%s' '${write(spec, { shell: true })}'`;
    return [piped, `| ${["cambrian submit --spec -", ...url].join(" ")}`].join(" \\\n  ");
  }
  return [`cambrian submit ${quote(spec.dataset)}`, ...flags, ...url].join(" ");
}

// Return the flags that say all of a spec; null where there are none for something in it.
function flagsOf(spec) {
  const flags = [];
  for (const [pointer, value] of values(spec, "")) {
    if (pointer === "/dataset") continue;
    const word = value instanceof Digits ? value.text : value;
    if (!(pointer in FLAGS) || typeof word !== "string" || !isPlain(word)) return null;
    flags.push(`${FLAGS[pointer]}=${quote(word)}`);
  }
  return flags;
}

function* values(part, pointer) {
  for (const [name, value] of Object.entries(part)) {
    const below = `${pointer}/${name}`;
    const nested = value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Digits);
    if (nested && Object.keys(value).length > 0) yield* values(value, below);
    else yield [below, value];
  }
}
