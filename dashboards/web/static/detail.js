// The detail of one place: its history, the time by holder, the trucks longest inside, and the readings of its queue.
import { el, say, show } from "./dom.js";
import { brief, count, dateTime, dateTimeSeconds, duration, percent, zoneName } from "./format.js";
import { holderName } from "./agencies.js";
import { away } from "./outages.js";
import { swatch } from "./bars.js";
import { Chart } from "./chart.js";
import { doubts, figuresOf, readingsCharts, serviceOf } from "./readings.js";
import { reasonOf } from "./polling.js";
import { Refresh } from "./refresh.js";
import { statusOf, unknown, why } from "./place.js";
import { SimulationNotice } from "./simulation.js";
import { directionName, nameOf, phaseName, t } from "./strings.js";

const ranges = {
  "24h": { hours: 24, grain: "hour" },
  "7d": { hours: 7 * 24, grain: "hour" },
  "30d": { hours: 30 * 24, grain: "day" },
};
const oldest = 12;
const refreshEvery = 15_000; // ms, while the detail is open

async function read(path, parameters, signal) {
  const url = new URL(`api/v1/${path}`, document.baseURI);
  url.hash = "";
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(await reasonOf(response));
  return response.json();
}

const table = (caption, heads, rows) => el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
  el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((h) => el("th", { scope: "col" }, h)))), el("tbody", {}, ...rows)));
const row = (...cells) => el("tr", {}, ...cells.map((c) => (c instanceof Node && c.nodeName === "TD" ? c : el("td", {}, c))));
const number = (text) => el("td", { class: "number" }, text);

// calibration is what was said and what became of it, drawn once enough trucks have left.
function calibration({ visits, calibration: tenths }) {
  if (visits < least || !tenths.length) return [];
  const all = tenths.reduce((sum, c) => sum + c.seconds, 0);
  return [el("details", {}, el("summary", {}, t("calibration")), table(t("calibration"), [t("said"), t("was"), t("share_of_time")],
    tenths.map((c) => row(number(percent(c.said)), number(percent(c.right)), number(percent(c.seconds / all))))))];
}

// least is how many trucks a record is of at least.
const least = 30;

export class Detail {
  constructor(dialog) {
    this.dialog = dialog;
    this.id = null;
    this.range = "24h";
    this.warning = ["", true];
    this.onClose = () => {};
    this.refresh = new Refresh(refreshEvery, (signal) => this.load(signal), (answers) => this.show(answers),
      (error) => this.fail(error));
    dialog.addEventListener("close", () => {
      if (dialog.open) return; // opened for another place before the event came
      const id = this.id;
      this.id = null;
      this.refresh.stop();
      if (id) this.onClose(id);
    });
    dialog.addEventListener("click", (e) => {
      if (e.target === dialog) dialog.close();
    });
  }

  open(id, overview) {
    const place = overview?.places.find((p) => p.id === id);
    if (!place) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    if (this.id === id) return;
    this.id = id;
    this.atLast = false;
    this.build(place);
    this.update(overview);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
    this.refresh.now();
  }

  build(place) {
    // The title takes the focus: a key that is still down must not press a button.
    this.title = el("h2", { id: "detail-title", tabindex: "-1", autofocus: true }, nameOf(place.names));
    this.status = el("p", { class: "status" });
    this.simulation = new SimulationNotice(el("p", { class: "simulation" }));
    this.notice = el("p", { class: "outages" });
    this.place = place;
    this.warn(...this.warning);
    this.summary = el("p", { class: "minor" });
    this.shown = null;
    this.message = el("p", { class: "minor", role: "status" });
    this.chart = new Chart();
    this.history = el("div");
    this.held = el("div");
    this.holders = el("div");
    this.trucks = el("div");
    this.readings = el("div", { class: "readings" });
    this.measured = el("div", {},
      el("section", {}, el("h3", {}, t("history")), this.chart.node, this.history),
      el("section", {}, el("h3", {}, t("held_now")), this.held),
      el("section", {}, el("h3", {}, t("time_by_holder")), this.holders),
      el("section", {}, el("h3", {}, t("oldest")), this.trucks));
    const choice = (name, checked, text, change) => el("label", { class: "choice" },
      el("input", { type: "radio", name, checked, onchange: change }), el("span", {}, text));
    this.dialog.replaceChildren(el("div", { class: "sheet" },
      el("header", {},
        el("div", {}, this.title, this.status, this.simulation.node),
        el("button", { type: "button", class: "close", onclick: () => this.dialog.close() }, t("close"))),
      this.notice,
      this.summary,
      el("div", { class: "choices" },
        el("fieldset", {}, el("legend", { class: "visually-hidden" }, t("range")),
          ...Object.keys(ranges).map((r) => choice("range", r === this.range, t(`range_${r}`), () => {
            this.range = r;
            this.refresh.now();
          }))),
        el("fieldset", { class: "until", hidden: place.status !== "unknown" || place.last_event === null },
          choice("until", true, t("until_now"), () => {
            this.atLast = false;
            this.refresh.now();
          }),
          choice("until", false, t("until_last"), () => {
            this.atLast = true;
            this.refresh.now();
          })),
        this.message),
      this.measured,
      this.readings,
      el("p", { class: "minor" }, t("local_time", { zone: place.time_zone }))));
  }

  update(overview) {
    const place = overview.places.find((p) => p.id === this.id);
    if (!place) {
      if (this.id) this.dialog.close(); // the server has other places now
      return;
    }
    this.place = place;
    this.now = overview.time;
    this.away = away(overview);
    this.measured.hidden = place.inside.reason === "not_measured"; // a place whose queues alone are read
    statusOf(this.status, place, overview.time, this.warning[1]);
    this.simulation.update(overview);
    show(this.held, [place.inside, place.presumption], () => this.heldTable(place));
    const here = `${dateTime(overview.time, place.time_zone)} ${zoneName(overview.time, place.time_zone)}`;
    const stale = t(place.silent_after_learned ? "stale_after_baseline" : "stale_after_configured", { time: duration(place.silent_after_seconds) });
    const facing = place.neighbour ? `${t("neighbour", { name: nameOf(place.neighbour.names) })} · ` : "";
    say(this.summary, `${facing}${here} · ${stale}`);
  }

  // warn shows what the page says of its connection, which the detail covers, and whether its numbers are those of now.
  warn(text, current) {
    this.warning = [text, current];
    if (!this.notice) return;
    say(this.notice, text);
    this.notice.hidden = !text;
    if (this.place) statusOf(this.status, this.place, this.now, current);
  }

  load(signal) {
    const { place } = this;
    const { hours, grain } = ranges[this.range];
    // A minute more: the window that the last event is in belongs to the range.
    const to = this.atLast ? new Date(+new Date(place.last_event) + 60_000) : new Date(this.now);
    const span = { from: new Date(+to - hours * 3600_000).toISOString(), to: to.toISOString() };
    const path = `places/${encodeURIComponent(this.id)}`;
    this.requested = [this.id, this.range, this.atLast].join();
    if (this.shown !== this.requested) say(this.message, t("loading"));
    return Promise.all([
      read(`${path}/history`, { measure: "release_time", grain, ...span }, signal),
      read(`${path}/holders`, span, signal),
      read(`${path}/visits`, { limit: oldest }, signal),
      read(`${path}/readings`, { ...span, limit: 5000 }, signal),
    ]);
  }

  show([history, holders, visits, readings]) {
    this.shown = this.requested;
    this.asOf = history.as_of;
    say(this.message, this.away && this.asOf ? t("history_as_of", { time: dateTimeSeconds(this.asOf, history.time_zone) }) : "");
    this.showHistory(history);
    this.showHolders(holders);
    this.showTrucks(visits);
    this.showReadings(readings);
  }

  // fail says as of when the history is that was loaded before.
  fail(error) {
    const again = this.shown === this.requested && this.asOf;
    say(this.message, again ? t("load_failed_again", { reason: error.message, time: dateTimeSeconds(this.asOf, this.place.time_zone) })
      : t("load_failed", { reason: error.message }));
  }

  showHistory(history) {
    this.chart.draw(history);
    const open = this.history.querySelector("details")?.open;
    const zone = history.time_zone;
    const or = (v, format) => (v === null ? "–" : format(v));
    this.history.replaceChildren(el("details", { open }, el("summary", {}, t("as_table")),
      table(t("history"), [t("start"), t("p50_label"), t("p90_label"), t("net_p50_label"), t("n"), t("inside_label")],
        history.windows.filter((w) => w.reason !== "future").reverse().map((w) => w.status === "unknown"
          ? el("tr", {}, el("td", {}, dateTime(w.start, zone)), el("td", { colspan: 5, class: "unknown-cell" }, t("unknown")))
          : row(dateTime(w.start, zone), number(or(w.p50_seconds, duration)), number(or(w.p90_seconds, duration)), number(or(w.net_p50_seconds, duration)), number(count(w.n)), number(count(w.inside)))))));
  }

  // heldTable is who has the trucks now, with how sure that is where it is presumed, and how often that was right.
  heldTable({ inside, presumption, time_zone: zone }) {
    if (inside.trucks === null) return [unknown(null, t("inside_unknown", { reason: why(inside.reason, this.place, this.now) }))];
    if (!inside.trucks) return [el("p", { class: "minor" }, t("nobody_inside"))];
    const sure = (h) => (h.holder === "unknown" ? el("td", { class: "unknown-cell" }, t("unknown"))
      : number(h.presumed === null ? t("known") : h.presumed.share === null ? t("by_procedure") : t("share_of", { share: percent(h.presumed.share), n: count(h.presumed.waits) })));
    const second = (p) => (p?.second ? t("holder_share", { holder: holderName(p.second), share: percent(p.second_share) }) : "");
    return [table(t("held_now"), [t("phase"), t("holder"), t("truck_count"), t("sure"), t("second")],
      inside.by_holder.toSorted((a, b) => b.trucks - a.trucks).map((h) => row(
        phaseName(h.phase), el("td", {}, swatch(h.holder), h.presumed ? t("presumably", { holder: holderName(h.holder) }) : holderName(h.holder)),
        number(count(h.trucks)), sure(h), second(h.presumed)))),
    el("p", { class: "minor" }, t("held_help")),
    ...calibration(presumption),
    el("p", { class: "minor" }, presumption.right === null || presumption.visits < least ? t("no_record")
      : t("record", { n: count(presumption.visits), right: percent(presumption.right), two: percent(presumption.first_two), time: dateTime(presumption.learned, zone) }))];
  }

  showHolders(answer) {
    const all = answer.holders.reduce((sum, h) => sum + h.seconds, 0);
    const most = Math.max(...answer.holders.map((h) => h.seconds));
    this.holders.replaceChildren(...(answer.holders.length
      ? [table(t("time_by_holder"), [t("phase"), t("holder"), t("share"), t("time"), t("net_time"), t("segments")],
        answer.holders.toSorted((a, b) => b.seconds - a.seconds).map((h) => row(
          phaseName(h.phase), el("td", {}, swatch(h.holder), holderName(h.holder)),
          el("td", { class: "number meter" }, el("span", { class: "meter-bar", style: { "inline-size": `${(h.seconds / most) * 60}%` }, "aria-hidden": "true" }), percent(h.seconds / all)),
          number(duration(h.seconds)), number(duration(h.net_seconds)), number(count(h.n))))),
      el("p", { class: "minor" }, t("segments_help"))]
      : [el("p", { class: "minor" }, t("no_values"))]));
  }

  showTrucks(answer) {
    const { place } = this;
    const { inside } = place;
    const rows = answer.visits.map((v) => row(
      el("td", { class: "id" }, v.visit), directionName(v.direction), v.channel || t("not_reported"),
      dateTime(v.arrived, place.time_zone), number(duration(v.age_seconds)),
      v.open
        ? el("td", {}, swatch(v.open.holder), `${v.open.presumed ? t("presumably", { holder: holderName(v.open.holder) }) : holderName(v.open.holder)}, ${phaseName(v.open.phase)} `,
          el("span", { class: "minor" }, t("since", { age: brief((new Date(answer.time) - new Date(v.open.since)) / 1000) })))
        : el("td", { class: "unknown-cell" }, t("unknown"))));
    const all = inside.trucks ?? inside.last_known;
    const more = all === null ? 0 : all - rows.length;
    this.trucks.replaceChildren(...[
      inside.reason ? unknown(null, t("inside_unknown", { reason: why(inside.reason, place, this.now) })) : null,
      rows.length ? table(t("oldest"), [t("truck"), t("direction"), t("channel"), t("arrived"), t("age"), t("holder")], rows)
        : inside.reason ? null : el("p", { class: "minor" }, t("nobody_inside")),
      more > 0 && answer.next ? el("p", { class: "minor" }, t("more", { n: count(more) })) : null,
    ].filter(Boolean));
  }

  showReadings(answer) {
    const zone = this.place.time_zone;
    if (!answer.readings.length) {
      this.readings.replaceChildren();
      return;
    }
    const open = this.readings.querySelector("details")?.open;
    this.readings.replaceChildren(el("section", {}, el("h3", {}, t("readings_title")), ...readingsCharts(answer, this.place.readings, zone),
      this.place.queues_left_out > 0 ? el("p", { class: "minor" }, t("queues_left_out", { n: count(this.place.queues_left_out) })) : null,
      el("details", { open }, el("summary", {}, t("as_table")), table(t("readings_title"), [t("published"), t("source"), t("queue"), t("direction"), t("reading"), t("reading_was")],
        answer.readings.slice(-200).reverse().map((r) => row(
          dateTime(r.time, zone), r.source, r.queue ?? "", r.direction ? directionName(r.direction) : "",
          r.reason === "not_reported" ? el("td", { class: "unknown-cell" }, [`${t("unknown")}: ${t(r.reason)}`, ...serviceOf(r)].join(" · "))
            : el("td", { class: r.known_until === null ? "unknown-cell" : "number" }, [...figuresOf(r), ...serviceOf(r), doubts(r, r.time)].filter(Boolean).join(" · ")),
          number(r.age_seconds === null ? t("not_reported") : duration(r.age_seconds))))))));
  }
}
