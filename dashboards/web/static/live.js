// The connection: a snapshot, then numbered changes; after a loss the page resumes after the last number.

const frameTimeout = 35_000; // ms; the server refuses a configuration by which it could send frames less often
const longestDelay = 30_000; // ms between two attempts

// merge applies changes to the overview and returns the ids that changed. Sections are whole; of a trend only the
// changed hours come. It returns null and changes nothing where the overview lacks a BCP of the changes.
export function merge(overview, changes) {
  const byId = new Map(overview.places.map((p) => [p.id, p]));
  if (!changes.places.every((c) => byId.has(c.id))) return null;
  for (const key of ["time", "as_of", "final_until", "outages", "stands_since"]) overview[key] = changes[key];
  if (changes.total) overview.total = changes.total;
  for (const change of changes.places) {
    const place = byId.get(change.id);
    const { trend, ...sections } = change;
    Object.assign(place, sections);
    if (!trend) continue;
    const starts = new Set(trend.map((h) => h.start));
    place.trend = [...place.trend.filter((h) => !starts.has(h.start)), ...trend]
      .sort((a, b) => (a.start < b.start ? -1 : 1))
      .slice(-overview.trend_hours);
  }
  return new Set(changes.places.map((c) => c.id));
}

// live keeps one connection up. onOverview gets the overview and the ids that changed, null for all; onState gets
// connecting, live, failing or lost, and the seconds to the next attempt.
export function live(url, onOverview, onState) {
  let overview = null;
  let number = 0;
  let stream = "";
  let attempts = 0;
  let socket = null; // null while the next attempt is pending
  let timer = 0; // waits for the next frame of the socket, or for the next attempt where there is no socket

  function wait(delay, next) {
    clearTimeout(timer);
    timer = setTimeout(next, delay);
  }

  function open() {
    const address = new URL(url);
    if (number) {
      address.searchParams.set("from", number);
      address.searchParams.set("stream", stream);
    }
    const opened = new WebSocket(address);
    socket = opened;
    // A socket that was given up may still report what came in meanwhile.
    opened.onmessage = (message) => opened === socket && receive(JSON.parse(message.data));
    opened.onclose = () => opened === socket && reopen();
    wait(frameTimeout, reopen);
  }

  // reopen does not wait for the closing handshake, which takes long where the network is gone.
  function reopen() {
    const given = socket;
    socket = null;
    given.close();
    // A random part keeps the viewers of a server that restarts from coming back all at once.
    const delay = Math.min(longestDelay, 500 * 2 ** attempts) * (0.5 + Math.random() / 2);
    attempts++;
    onState("lost", Math.ceil(delay / 1000));
    wait(delay, open);
  }

  function receive(frame) {
    wait(frameTimeout, reopen);
    attempts = 0;
    let changed = null;
    if (frame.kind === "snapshot") {
      overview = frame.overview;
    } else if (overview) { // frames carry none until the server has read its database
      const follows = frame.stream === stream && frame.since <= number;
      changed = follows ? merge(overview, frame) : null;
      if (!changed) { // what is shown cannot be brought up to date: begin with a snapshot
        number = 0;
        reopen();
        return;
      }
    }
    number = frame.number;
    stream = frame.stream;
    if (overview) onOverview(overview, changed);
    onState(frame.source === "ok" ? "live" : "failing");
  }

  function retryNow() {
    if (socket || document.hidden) return;
    clearTimeout(timer);
    attempts = 0;
    open();
  }

  // There is nothing to do when the browser goes offline: a server on the same machine is still there.
  addEventListener("online", retryNow);
  addEventListener("visibilitychange", retryNow); // timers of a hidden page are slow
  onState("connecting");
  open();
}
