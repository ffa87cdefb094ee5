// The connection: a snapshot, then numbered changes; after a loss the page resumes after the last number. Where no websocket can be
// opened, the page asks for the overview instead.
import { clocks, elapsed } from "./clocks.js";
import { Polling } from "./polling.js";

const frameTimeout = 35_000; // ms; the server refuses a configuration by which it could send frames less often
const handshakeTimeout = 10_000; // ms
const longestDelay = 30_000; // ms between two attempts
const pollingDelay = 60_000; // ms between two attempts while asking works
const steadyAfter = 10_000; // ms of frames after which a loss counts as the first one
const checkEvery = 5_000; // ms

// merge applies changes to the overview and returns the ids that changed. Sections are whole; of a trend only the
// changed hours come. It returns null and changes nothing where the overview lacks a BCP of the changes.
export function merge(overview, changes) {
  const byId = new Map(overview.places.map((p) => [p.id, p]));
  if (!changes.places.every((c) => byId.has(c.id))) return null;
  for (const key of ["time", "as_of", "final_until", "outages", "stands_since", "records_waiting", "damaged_tables"]) overview[key] = changes[key];
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

// live keeps one connection up. onOverview gets the overview and the ids that changed, null for all. onState gets
// connecting, live, polling, failing, lost or unreadable, with the seconds to the next attempt, or with the reason why there is no
// websocket. upgraded gets the version of the page that the server has, and says whether that one is being loaded.
export function live(url, onOverview, onState, upgraded = () => false) {
  let overview = null;
  let number = 0;
  let stream = "";
  let attempts = 0;
  let socket = null; // null while the next attempt is pending
  let timer = 0; // waits for the next attempt
  let began = clocks(); // of the attempt
  let last = began; // sign of the socket
  let limit = 0; // ms that may pass without one
  let heard = false; // a frame of the socket
  let least = Infinity; // ms by which one was late

  const polling = new Polling(url, {
    show(latest, page) {
      if (upgraded(page)) return;
      number = 0; // changes do not lead on from this overview
      if (!readable(() => draw(latest, null))) return;
      attempts = 0;
      onState("polling", { reason: polling.reason });
    },
    fail() {
      if (socket) onState("lost", {});
      else wait("lost");
    },
  });

  function wait(state) {
    clearTimeout(timer);
    // A random part keeps the viewers of a server that restarts from coming back all at once.
    const delay = (polling.works ? pollingDelay : Math.min(longestDelay, 500 * 2 ** attempts++)) * (0.5 + Math.random() / 2);
    if (!polling.works) onState(state, { seconds: Math.ceil(delay / 1000) });
    timer = setTimeout(open, delay);
  }

  function open() {
    clearTimeout(timer);
    const address = new URL(url);
    if (number) {
      address.searchParams.set("from", number);
      address.searchParams.set("stream", stream);
    }
    began = last = clocks();
    [limit, heard, least] = [handshakeTimeout, false, Infinity];
    const opened = new WebSocket(address);
    socket = opened;
    opened.onopen = () => {
      if (opened === socket) [last, limit] = [clocks(), frameTimeout];
    };
    // A socket that was given up may still report what came in meanwhile.
    opened.onmessage = (message) => opened === socket && receive(message.data);
    opened.onclose = () => opened === socket && reopen();
  }

  // reopen does not wait for the closing handshake, which takes long where the network is gone.
  function reopen(state = "lost") {
    const given = socket;
    socket = null;
    given?.close();
    if (given && !heard) polling.start();
    wait(state);
  }

  const silent = () => elapsed(last) >= limit;

  // check gives up a socket that has been silent for too long: a machine that slept has one that is dead and does not know it. The
  // timers of a hidden page are too slow to ask as often as a page does that is seen.
  function check() {
    if (socket && silent()) reopen();
    if (polling.works && !document.hidden && elapsed(polling.at) >= frameTimeout) polling.fail();
  }

  function receive(data) {
    if (heard && silent()) { // the frame waited here while the page stood
      reopen();
      return;
    }
    const frame = readable(() => JSON.parse(data));
    if (!frame) {
      if (frame === null) unreadable();
      return;
    }
    if (upgraded(frame.page)) return;
    [last, limit, heard] = [clocks(), frameTimeout, true];
    polling.stop();
    if (elapsed(began) >= steadyAfter) attempts = 0;
    if (readable(() => take(frame))) {
      onState(frame.source === "ok" ? "live" : "failing", {});
      if (frame.source === "ok") late(frame.overview?.time ?? frame.time); // a server that fails repeats the time of what it has
    }
  }

  // take draws a frame, or returns false and asks for another. A kind of frame that a later version has is passed over.
  function take(frame) {
    if (frame.kind === "snapshot") {
      [number, stream] = [frame.number, frame.stream];
      return frame.overview ? draw(frame.overview, null) : true; // the server sends no overview before it has read its database
    }
    if (frame.kind !== "changes") return true;
    let changed = null;
    if (overview) {
      const follows = frame.stream === stream && frame.since <= number;
      changed = follows ? merge(overview, frame) : null;
      if (!changed) { // what is shown cannot be brought up to date: begin with a snapshot
        number = 0;
        reopen();
        return false;
      }
    }
    [number, stream] = [frame.number, frame.stream];
    return overview ? draw(overview, changed) : true;
  }

  function draw(latest, changed) {
    overview = latest;
    onOverview(overview, changed);
    return true;
  }

  // readable returns what read does. What another version sends may lack what the page draws: then the page says so and tries again.
  function readable(read) {
    try {
      return read();
    } catch (error) {
      console.warn("what the server sent cannot be drawn:", error);
      unreadable();
      return false;
    }
  }

  function unreadable() {
    number = 0;
    polling.stop();
    reopen("unreadable");
  }

  // late gives up a socket whose frames come ever later, as through a proxy that stores them: what it shows is not now. Only
  // what passes between two frames is compared, so that neither the browser's nor the server's time of day matters.
  function late(time) {
    const by = performance.now() - Date.parse(time);
    if (Number.isNaN(by)) return;
    least = Math.min(least, by);
    if (by - least >= frameTimeout) reopen();
  }

  function retryNow() {
    check();
    if (socket || document.hidden) return;
    const rest = attempts > 1 ? 1000 - elapsed(began) : 0; // a network that flickers brings many events
    attempts = Math.min(attempts, 2);
    clearTimeout(timer);
    if (rest > 0) timer = setTimeout(open, rest);
    else open();
  }

  // There is nothing to do when the browser goes offline: a server on the same machine is still there. Timers of a hidden page
  // are slow, and those of a machine that sleeps stand.
  for (const event of ["online", "visibilitychange", "pageshow", "focus"]) addEventListener(event, retryNow);
  const watch = () => {
    check();
    setTimeout(watch, checkEvery);
  };
  watch();
  onState("connecting", {});
  open();
}
