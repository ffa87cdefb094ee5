// One border crossing point of the overview.
import { el, say, show } from "./dom.js";
import { brief, count, dateTime, duration, durationParts } from "./format.js";
import { ageBar, heldLegend, holderBar, holderLegend } from "./bars.js";
import { measures } from "./measures.js";
import { doubts, figuresOf, inTurn, keyOf, queueName, serviceOf } from "./readings.js";
import { sparkline } from "./sparkline.js";
import { codeText, directionName, nameOf, t } from "./strings.js";
import { usualLines } from "./usual.js";

// The counts of the flow, in the order of the table of measures.
export const flowMeasures = Object.keys(measures).filter((name) => measures[name].overview);

const readingsShown = 3; // of a place, in the list

// shownOf are the readings that the list shows, in their order.
export function shownOf(readings) {
  const shown = new Set(inTurn(readings, (r) => r).slice(0, readingsShown));
  return readings.filter((r) => shown.has(r));
}

const ago = (at, now) => (new Date(now) - new Date(at)) / 1000;

// why is the reason in words, with how long it has lasted.
export function why(reason, place, now) {
  if (reason === "stale" && place.last_event) return t("stale_since", { age: brief(ago(place.last_event, now)) });
  return codeText(reason);
}

export const unknown = (text, note) =>
  el("p", { class: "unknown" }, el("strong", {}, t("unknown")), text ? el("span", {}, text) : null, note ? el("span", { class: "note" }, note) : null);

// statusOf shows the status of a place by a shape, a colour and words. Where the page does not know what is now, it says when the place
// was last seen, and not how long ago that is.
export function statusOf(node, place, now, current = true) {
  const never = place.last_event === null;
  const values = never ? {} : current ? { age: brief(ago(place.last_event, now)) } : { time: dateTime(place.last_event, place.time_zone) };
  const words = never ? `${codeText(place.status)} · ${t("no_data_yet")}`
    : place.status === "unknown" ? `${t("unknown")} · ${t(current ? "stale_since" : "stale_at", values)}`
    : place.status === "closed" ? `${t("closed")} · ${t(current ? "seen_ago" : "seen_at", values)}`
    : t(current ? "seen_ago_first" : "seen_at_first", values);
  node.dataset.status = place.status;
  show(node, words, (text) => [el("span", { class: "glyph", "aria-hidden": "true" }), text]);
}

// long is a duration whose numbers stand out from their units.
export const long = (seconds) => durationParts(seconds).flatMap(([n, unit], i) => [i ? " " : "", n, el("span", { class: "u" }, ` ${unit}`)]);

// heldNow lists the trucks inside by holder, first those whose holder is known, then those whose holder is presumed.
function heldNow({ by_holder: held }) {
  const known = held.filter((h) => !h.presumed), presumed = held.filter((h) => h.presumed);
  return [known.length && el("div", { class: "held" }, heldLegend(known, 4)),
    presumed.length && el("div", { class: "held presumed" }, el("p", { class: "minor" }, t("presumably_for")), heldLegend(presumed, 4))].filter(Boolean);
}

// Place is an item of the list; update changes what differs.
export class Place {
  constructor(place) {
    this.link = el("a", { href: `#/place/${encodeURIComponent(place.id)}` }, nameOf(place.names));
    this.status = el("p", { class: "status" });
    this.inside = el("div", { class: "cell inside" });
    this.release = el("div", { class: "cell release" });
    this.holders = el("div", { class: "cell holders" });
    this.outside = el("div", { class: "cell outside" });
    this.node = el("li", { class: "place", "data-id": place.id },
      el("article", { "aria-labelledby": `name-${place.id}` },
        el("div", { class: "cell name" },
          el("h3", { id: `name-${place.id}` }, this.link), this.status,
          place.neighbour && el("p", { class: "minor" }, t("neighbour", { name: nameOf(place.neighbour.names) }))),
        this.inside, this.release, this.holders, this.outside));
    this.node.addEventListener("click", (e) => {
      if (!e.target.closest("a") && !getSelection().toString()) this.link.click();
    });
  }

  // stand says that the page does not know what is now.
  stand() {
    if (this.last) statusOf(this.status, ...this.last, false);
  }

  update(place, now) {
    this.last = [place, now];
    this.node.dataset.status = place.status;
    statusOf(this.status, place, now);
    const hours = place.trend.map((h) => h.status === "unknown");
    const { p25, p75, reason, spikes } = place.usual;
    show(this.inside, [place.inside, p25, p75, reason, spikes, place.flow, place.trend.map((h) => h.inside), place.inside.reason && why(place.inside.reason, place, now)],
      () => this.insideCell(place, now, hours));
    show(this.release, [place.release_time, place.target, place.trend.map((h) => h.p50_seconds), place.release_time.reason && why(place.release_time.reason, place, now)],
      () => this.releaseCell(place, now, hours));
    show(this.holders, [place.holders, place.status], () => place.holders.length
      ? [el("h4", {}, t("time_by_holder")), holderBar(place.holders, 310), holderLegend(place.holders, 5)]
      : [el("h4", {}, t("time_by_holder")), place.status === "unknown" || place.inside.trucks === null ? unknown(place.inside.reason === "not_measured" ? t("not_measured") : null) : el("p", { class: "minor" }, t("no_values"))]);
    show(this.outside, [place.readings.map((r) => [r, brief(r.age_seconds), doubts(r, now)]), place.queues_left_out], () => this.outsideCell(place, now));
  }

  insideCell(place, now, gaps) {
    const { inside } = place;
    const trend = sparkline(place.trend.map((h) => h.inside), gaps, { label: "trend_inside", format: count, area: true });
    const head = el("h4", {}, t("inside_now"));
    const flow = el("p", { class: "minor" }, place.flow.reason ? t(place.flow.reason === "not_measured" ? "flow_not_measured" : "flow_unknown")
      : flowMeasures.map((name) => `${count(place.flow[name])} ${measures[name].overview}`).join(" · "));
    if (inside.trucks === null) {
      const note = inside.last_known === null ? null : t("last_known", { trucks: count(inside.last_known) });
      return [head, el("div", { class: "figure-row" }, unknown(why(inside.reason, place, now), note), trend), ...usualLines(place), flow];
    }
    return [head,
      el("div", { class: "figure-row" },
        el("p", { class: "figure" }, count(inside.trucks)),
        el("p", { class: "minor split" }, el("b", {}, count(inside.by_direction.inbound)), ` ${t("inbound")}`, el("br"), el("b", {}, count(inside.by_direction.outbound)), ` ${t("outbound")}`),
        trend),
      ...usualLines(place), ...ageBar(inside.by_age), ...heldNow(inside), flow];
  }

  releaseCell(place, now, gaps) {
    const r = place.release_time;
    const trend = sparkline(place.trend.map((h) => h.p50_seconds), gaps, { label: "trend_release", format: duration });
    const head = el("h4", {}, t("release_time"));
    if (r.p50_seconds === null) {
      return [head, el("div", { class: "figure-row" },
        r.n === null ? unknown(why(r.reason, place, now)) : el("p", { class: "empty" }, codeText(r.reason)), trend)];
    }
    const { release_time_seconds: target, statistic, met, assumed } = place.target;
    let verdict = null;
    if (target !== null && met !== null) {
      const key = `${assumed ? "assumed" : "target"}_${met ? "met" : "missed"}`;
      verdict = el("p", { class: "verdict", "data-over": String(!met) }, el("span", { class: "glyph", "aria-hidden": "true" }),
        t(key, { share: t(statistic), time: duration(target) }));
    }
    return [head,
      el("div", { class: "figure-row" }, el("p", { class: "figure" }, ...long(r.p50_seconds)), trend),
      el("p", { class: "second" }, `${t("median")} · ${t("p90_within")} `, el("b", {}, duration(r.p90_seconds))),
      ...(r.net_mean_seconds !== null && r.net_mean_seconds < r.mean_seconds
        ? [el("p", { class: "second" }, `${t("net")}: `, el("b", {}, duration(r.net_p50_seconds)))]
        : []),
      el("p", { class: "minor" }, t("timed_n", { n: count(r.n) })),
      verdict];
  }

  outsideCell(place, now) {
    const head = el("h4", {}, t("outside"));
    if (!place.readings.length) return [head, el("p", { class: "minor" }, t("no_reading"))];
    const shown = shownOf(place.readings);
    const queues = (readings) => new Set(readings.map((r) => keyOf({ ...r, direction: "" }))).size;
    const more = queues(place.readings) - queues(shown) + (place.queues_left_out ?? 0);
    return [head, ...shown.map((r) => {
      const figures = figuresOf(r);
      const words = r.reason ? null : doubts(r, now);
      const notes = [...figures.slice(1), ...serviceOf(r), t("reading_age", { age: brief(r.age_seconds) })];
      return el("div", { class: "reading" },
        el("p", { class: "minor queue" }, queueName(r)),
        // What the source published is shown beside the reason why it does not count.
        r.reason ? unknown(codeText(r.reason), figures.length ? t("published_as", { figure: figures[0] }) : null) : el("p", { class: "figure small" }, figures[0]),
        el("p", { class: "minor" }, notes.join(" · "), words ? el("strong", { class: "stale" }, ` ${words}`) : null));
    }), more > 0 && el("p", { class: "minor" }, more === 1 ? t("one_more_queue") : t("more_queues", { n: count(more) }))];
  }
}
