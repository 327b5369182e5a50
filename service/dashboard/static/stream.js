// Follows the events of a job and misses none: an EventSource that knows which event it has seen last, and a new one
// whenever the old one gives up, which EventSource itself does at every answer that is no stream (a proxy's 502, a 503).
const TYPES = [
  "status", "phase", "cancel_requested", "pause_requested", "resume_requested", "budget",
  "proposed", "evaluated", "failed", "rival", "proof",
];
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
// Longer than that without an event, and the connection may be dead without anybody having said so.
const SILENCE = 45_000;
// A page that nobody looks at gives its connection back: a browser has six of them for all its pages.
const HIDDEN = 20_000;

// `after` is the sequence of the last event that the page knows. `on.event(type, data, sequence, missing)` gets each
// event once and in order, `on.state(state)` hears "live", "reconnecting" and "ended", `on.ended(status)` the end.
// `on.lost()` is asked when two attempts have failed, and returns true where there is nothing to follow any more.
export function follow(address, after, on) {
  let last = after;
  let source = null;
  let timer = null;
  let asleep = null;
  let failures = 0;
  let over = false;
  let heard = Date.now();

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const end = (status) => {
    over = true;
    close();
    on.state("ended");
    on.ended(status);
  };
  const later = async () => {
    close();
    on.state("reconnecting");
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.75 + Math.random() / 2);
    failures += 1;
    timer = setTimeout(open, wait);
    if (failures === 2 && (await on.lost()) && !over) {
      over = true;
      close();
    }
  };
  const take = (event) => {
    heard = Date.now();
    const sequence = Number(event.lastEventId);
    if (sequence <= last) return;
    const missing = sequence - last - 1;
    last = sequence;
    on.event(event.type, JSON.parse(event.data), sequence, missing);
  };
  function open() {
    if (over) return;
    close();
    const opened = new EventSource(`${address}?after=${last}`);
    source = opened;
    opened.onopen = () => {
      failures = 0;
      heard = Date.now();
      on.state("live");
    };
    for (const type of TYPES) opened.addEventListener(type, take);
    opened.addEventListener("end", (event) => end(JSON.parse(event.data).status));
    opened.addEventListener("close", later);
    opened.onerror = () => {
      if (source === opened) later();
    };
  }

  addEventListener("online", () => open());
  addEventListener("offline", () => {
    if (!over) later();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
  document.addEventListener("visibilitychange", () => {
    clearTimeout(asleep);
    if (document.hidden) asleep = setTimeout(close, HIDDEN);
    else if (source === null) open();
  });
  setInterval(() => {
    if (source !== null && !document.hidden && Date.now() - heard > SILENCE) open();
  }, SILENCE / 3);
  open();
}
