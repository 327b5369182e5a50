// How the pages talk to the service: below which path it lives, and requests whose refusals become one sentence.
export const root = document.documentElement.dataset.root;

// A request that was refused; `message` is the problem's own sentence, `problem` the whole answer (RFC 9457).
export class Refused extends Error {
  constructor(problem, status) {
    super(problem.detail ?? `the service answered ${status}`);
    this.problem = problem;
    this.status = status;
  }
}

// Ask for a path of the service, and return the answer; throws Refused, or Unreachable when there is no answer.
export async function request(method, path, body, headers = {}) {
  const options = { method, headers: { Accept: "application/json", ...headers } };
  if (body !== undefined) {
    const json = !(body instanceof Blob);
    options.body = json ? JSON.stringify(body) : body;
    if (json) options.headers["Content-Type"] ??= "application/json";
  }
  let answer;
  try {
    answer = await fetch(root + path, options);
  } catch {
    throw new Unreachable();
  }
  if (answer.ok || answer.status === 304) return answer;
  let problem = {};
  try {
    problem = await answer.json();
  } catch {
    // Something between the service and this page answered in its place.
  }
  throw new Refused(problem, answer.status);
}

export class Unreachable extends Error {
  constructor() {
    super("the service cannot be reached; this is tried again");
  }
}

// Ask for JSON.
export async function read(path) {
  return (await request("GET", path)).json();
}
