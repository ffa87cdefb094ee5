// The page: one connection, one board, a list of places and the detail of one.
import { el, say, show } from "./dom.js";
import { count, dateTimeSeconds, duration, zoneName } from "./format.js";
import { live } from "./live.js";
import { Place } from "./place.js";
import { Detail } from "./detail.js";
import { totals } from "./totals.js";
import { nameOf, t } from "./strings.js";

const byId = (id) => document.getElementById(id);
for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);

// zone is that of all places where they share one.
let zone = "UTC";
let board = null;
const places = new Map();
const detail = new Detail(byId("detail"));

function instant(node, at) {
  say(node, at ? `${dateTimeSeconds(at, zone)} ${zoneName(at, zone)}` : t("unknown"));
  if (at) node.dateTime = at;
}

function onBoard(latest, touched) {
  board = latest;
  if (touched === null) {
    const zones = new Set(board.bcps.map((b) => b.time_zone));
    zone = zones.size === 1 ? [...zones][0] : "UTC";
    if ([...places.keys()].join() !== board.bcps.map((b) => b.id).join()) {
      places.clear();
      for (const bcp of board.bcps) places.set(bcp.id, new Place(bcp));
      byId("places").replaceChildren(...[...places.values()].map((p) => p.node));
    }
    say(byId("window-note"), t("window_note", { window: duration(board.window_seconds), trend: board.trend_hours }));
  }
  for (const bcp of board.bcps) {
    const place = places.get(bcp.id);
    if (touched && place.node.dataset.status !== bcp.status) {
      say(byId("news"), t("news_status", { place: nameOf(bcp.names), status: t(bcp.status) }));
    }
    place.update(bcp, board.time);
  }
  instant(byId("as-of"), board.as_of);
  instant(byId("final-until"), board.final_until);
  show(byId("totals"), board.total, totals);
  document.title = t("title", { inside: board.total.inside.trucks === null ? "?" : count(board.total.inside.trucks) });
  detail.update(board);
}

let state = "";
function onState(next, seconds) {
  say(byId("connection-text"), seconds > 1 ? t("lost_in", { seconds }) : t(next));
  if (next === state) return;
  const before = state;
  state = next;
  byId("connection").dataset.state = next;
  document.body.dataset.connection = next;
  const time = board?.as_of ? dateTimeSeconds(board.as_of, zone) : t("unknown");
  if (next === "lost" || next === "failing") say(byId("news"), t(`news_${next}`, { time }));
  else if (next === "live" && before !== "connecting") say(byId("news"), t("news_live"));
}

// Theme: the system's unless chosen.
const themes = ["auto", "light", "dark"];
const themeButton = byId("theme");
function theme(choice) {
  if (choice === "auto") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("theme");
  } else {
    document.documentElement.dataset.theme = choice;
    localStorage.setItem("theme", choice);
  }
  themeButton.replaceChildren(el("span", { class: "sun", "aria-hidden": "true" }), t(`theme_${choice}`));
}
const chosen = () => document.documentElement.dataset.theme ?? "auto";
theme(chosen());
themeButton.addEventListener("click", () => theme(themes[(themes.indexOf(chosen()) + 1) % themes.length]));

// The address says which place is open, so that it can be kept and sent.
function route() {
  const match = location.hash.match(/^#\/place\/(.+)$/);
  detail.open(match ? decodeURIComponent(match[1]) : null, board);
}
detail.onClose = (id) => {
  if (location.hash) history.pushState(null, "", location.pathname + location.search);
  places.get(id)?.link.focus();
};
addEventListener("hashchange", route);
addEventListener("popstate", route);

const address = new URL("live", document.baseURI);
address.protocol = address.protocol.replace("http", "ws");
address.hash = "";
live(address, (b, touched) => {
  const first = board === null;
  onBoard(b, touched);
  if (first) route();
}, onState);
