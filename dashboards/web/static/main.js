// The page: one connection, one overview, a list of places and the detail of one.
import { loadAgencies } from "./agencies.js";
import { el, say, show } from "./dom.js";
import { clock, count, dateTimeSeconds, duration, zoneName } from "./format.js";
import { live } from "./live.js";
import { away, connectionOf, OutageNotice } from "./outages.js";
import { Place } from "./place.js";
import { SimulationNotice } from "./simulation.js";
import { Detail } from "./detail.js";
import { totals } from "./totals.js";
import { codeText, nameOf, t } from "./strings.js";
import { Upgrade } from "./upgrade.js";

const byId = (id) => document.getElementById(id);
for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);

// zone is that of all places where they share one.
let zone = "UTC";
let overview = null;
const rows = new Map();
const detail = new Detail(byId("detail"));
const simulation = new SimulationNotice(byId("simulation"));
const outages = new OutageNotice(byId("outages"));

// What decides the words of a row that do not change.
const documents = (places) => JSON.stringify(places.map((p) => [p.id, p.names, p.neighbour]));
let drawn = "";

function instant(node, at) {
  say(node, at ? `${dateTimeSeconds(at, zone)} ${zoneName(at, zone)}` : t("unknown"));
  if (at) node.dateTime = at;
  else node.removeAttribute("datetime");
}

function onOverview(latest, changed) {
  if (changed === null) {
    const zones = new Set(latest.places.map((p) => p.time_zone));
    zone = zones.size === 1 ? [...zones][0] : "UTC";
    if (drawn !== documents(latest.places)) { // the first time, and where the server has another places file now
      drawn = documents(latest.places);
      if (rows.size) loadAgencies();
      rows.clear();
      for (const place of latest.places) rows.set(place.id, new Place(place));
      byId("places").replaceChildren(...[...rows.values()].map((r) => r.node));
    }
    say(byId("window-note"), t("window_note", { window: duration(latest.window_seconds), trend: latest.trend_hours }));
  }
  for (const place of latest.places) {
    const row = rows.get(place.id);
    if (changed && row.node.dataset.status !== place.status) {
      say(byId("news"), t("news_status", { place: nameOf(place.names), status: codeText(place.status) }));
    }
    row.update(place, latest.time);
  }
  simulation.update(latest);
  if (!outages.node.hidden && !away(latest)) say(byId("news"), t("news_reachable"));
  outages.update(latest, zone);
  instant(byId("as-of"), latest.as_of);
  instant(byId("final-until"), latest.final_until);
  show(byId("totals"), latest.total, totals);
  detail.update(latest);
  overview = latest;
}

// title says as of when its number is where that is not now.
function title(current) {
  if (!overview) return;
  const inside = overview.total.inside.trucks === null ? "?" : count(overview.total.inside.trucks);
  document.title = current || !overview.as_of ? t("title", { inside }) : t("title_as_of", { inside, time: clock(overview.as_of, zone) });
}

let state = "";
let hint = ""; // that the page should be loaded again, where it must not load itself
function onState(next, { seconds, reason }) {
  const up = next === "live" && overview;
  const [shown, text] = up ? connectionOf(overview) : [next, seconds > 1 ? t("lost_in", { seconds }) : t(next)];
  say(byId("connection-text"), text);
  byId("connection").dataset.state = shown;
  document.body.dataset.connection = next;
  const current = next === "live" || next === "polling";
  title(current);
  if (!current) for (const row of rows.values()) row.stand();
  const news = newsOf(next, reason);
  const notice = [next === "live" || next === "connecting" ? "" : news, hint].filter(Boolean).join(" ");
  say(byId("notice"), notice);
  byId("notice").hidden = !notice;
  detail.warn(notice, current);
  if (next === state) return;
  const before = state;
  state = next;
  if (next !== "connecting" && !(next === "live" && before === "connecting")) say(byId("news"), news);
}

// newsOf says what a state of the connection means for the numbers.
function newsOf(next, reason) {
  if (next === "polling") return reason ? t("news_polling", { reason: reason.replace(/\.$/, "") }) : t("news_polling_unknown");
  if (next !== "live" && !overview) return t("news_none");
  return t(`news_${next}`, { time: overview?.as_of ? dateTimeSeconds(overview.as_of, zone) : t("unknown") });
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
const upgrade = new Upgrade(document.documentElement.dataset.page, () => { hint = t("load_again"); });
await loadAgencies();
live(address, (latest, changed) => {
  const first = overview === null;
  onOverview(latest, changed);
  if (first) route();
}, onState, (version) => upgrade.check(version));
