// The page: one connection, one overview, a list of places and the detail of one.
import { loadAgencies } from "./agencies.js";
import { el, say, show } from "./dom.js";
import { count, dateTimeSeconds, duration, zoneName } from "./format.js";
import { live } from "./live.js";
import { away, connectionOf, OutageNotice } from "./outages.js";
import { Place } from "./place.js";
import { SimulationNotice } from "./simulation.js";
import { Detail } from "./detail.js";
import { totals } from "./totals.js";
import { nameOf, t } from "./strings.js";

const byId = (id) => document.getElementById(id);
for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);

// zone is that of all places where they share one.
let zone = "UTC";
let overview = null;
const rows = new Map();
const detail = new Detail(byId("detail"));
const simulation = new SimulationNotice(byId("simulation"));
const outages = new OutageNotice(byId("outages"));

function instant(node, at) {
  say(node, at ? `${dateTimeSeconds(at, zone)} ${zoneName(at, zone)}` : t("unknown"));
  if (at) node.dateTime = at;
  else node.removeAttribute("datetime");
}

function onOverview(latest, changed) {
  overview = latest;
  if (changed === null) {
    const zones = new Set(overview.places.map((p) => p.time_zone));
    zone = zones.size === 1 ? [...zones][0] : "UTC";
    if ([...rows.keys()].join() !== overview.places.map((p) => p.id).join()) {
      rows.clear();
      for (const place of overview.places) rows.set(place.id, new Place(place));
      byId("places").replaceChildren(...[...rows.values()].map((r) => r.node));
    }
    say(byId("window-note"), t("window_note", { window: duration(overview.window_seconds), trend: overview.trend_hours }));
  }
  for (const place of overview.places) {
    const row = rows.get(place.id);
    if (changed && row.node.dataset.status !== place.status) {
      say(byId("news"), t("news_status", { place: nameOf(place.names), status: t(place.status) }));
    }
    row.update(place, overview.time);
  }
  simulation.update(overview);
  if (!outages.node.hidden && !away(overview)) say(byId("news"), t("news_reachable"));
  outages.update(overview, zone);
  instant(byId("as-of"), overview.as_of);
  instant(byId("final-until"), overview.final_until);
  show(byId("totals"), overview.total, totals);
  document.title = t("title", { inside: overview.total.inside.trucks === null ? "?" : count(overview.total.inside.trucks) });
  detail.update(overview);
}

let state = "";
function onState(next, seconds) {
  const [shown, text] = next === "live" && overview ? connectionOf(overview) : [next, seconds > 1 ? t("lost_in", { seconds }) : t(next)];
  say(byId("connection-text"), text);
  byId("connection").dataset.state = shown;
  if (next === state) return;
  const before = state;
  state = next;
  document.body.dataset.connection = next;
  const time = overview?.as_of ? dateTimeSeconds(overview.as_of, zone) : t("unknown");
  if (next === "lost" || next === "failing") say(byId("news"), t(`news_${next}`, { time }));
  else if (next === "live" && before !== "connecting") say(byId("news"), t("news_live"));
}

// remember keeps the theme for the next visit; null forgets it. A browser that blocks site data throws, and the choice then lasts
// as long as the page.
function remember(choice) {
  try {
    if (choice === null) localStorage.removeItem("theme");
    else localStorage.setItem("theme", choice);
  } catch { /* nothing is kept */ }
}

// Theme: the system's unless chosen.
const themes = ["auto", "light", "dark"];
const themeButton = byId("theme");
function theme(choice) {
  if (choice === "auto") {
    delete document.documentElement.dataset.theme;
    remember(null);
  } else {
    document.documentElement.dataset.theme = choice;
    remember(choice);
  }
  themeButton.replaceChildren(el("span", { class: "sun", "aria-hidden": "true" }), t(`theme_${choice}`));
}
const chosen = () => document.documentElement.dataset.theme ?? "auto";
theme(chosen());
themeButton.addEventListener("click", () => theme(themes[(themes.indexOf(chosen()) + 1) % themes.length]));

// The address says which place is open, so that it can be kept and sent.
function route() {
  const match = location.hash.match(/^#\/place\/(.+)$/);
  let id = null;
  try {
    id = match && decodeURIComponent(match[1]);
  } catch (error) {
    if (!(error instanceof URIError)) throw error; // such an address names no place
  }
  detail.open(id, overview);
}
detail.onClose = (id) => {
  if (location.hash) history.pushState(null, "", location.pathname + location.search);
  rows.get(id)?.link.focus();
};
addEventListener("hashchange", route);
addEventListener("popstate", route);

const address = new URL("live", document.baseURI);
address.protocol = address.protocol.replace("http", "ws");
address.hash = "";
await loadAgencies();
live(address, (latest, changed) => {
  const first = overview === null;
  onOverview(latest, changed);
  if (first) route();
}, onState);
