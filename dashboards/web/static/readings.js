// The readings of a queue over time. A line joins two readings; where none came for too long, or the source reported
// nothing, or nothing that counts, the time is hatched: the queue was unknown, not empty. A hollow point is a reading that is
// stale, frozen, or a zero too soon after a closure or an outage.
import { el, svg } from "./dom.js";
import { brief, count, date, duration } from "./format.js";
import { hatch } from "./sparkline.js";
import { codeText, t } from "./strings.js";

const width = 820;
const height = 170;
const left = 64;
const right = 12;
const top = 10;
const bottom = 140;

// stretches cuts the readings of each source and direction, which are ordered by time, into those of which each is known
// until the next. A reading without the measure ends a stretch.
export function stretches(readings, measure) {
  const keyOf = (r) => `${r.source} ${r.direction}`;
  return [...new Set(readings.map(keyOf))].flatMap((key) => {
    const all = [];
    for (const r of readings) {
      if (keyOf(r) !== key || r.known_until === null || r[measure] === null) continue;
      const last = all.at(-1)?.at(-1);
      if (last && +new Date(last.known_until) === +new Date(r.time)) all.at(-1).push(r);
      else all.push([r]);
    }
    return all;
  });
}

// doubts are the words for what is wrong with a reading.
export function doubts(r, now) {
  return [
    r.reason && r.reason !== "not_reported" ? codeText(r.reason) : null,
    r.frozen ? t("frozen", { age: brief((new Date(now) - new Date(r.frozen_since)) / 1000) }) : null,
    r.stale ? t("stale") : null,
  ].filter(Boolean).join(", ");
}

export function readingsChart(answer, zone) {
  const measure = answer.readings.some((r) => r.vehicles !== null) ? "vehicles" : "wait_seconds";
  const format = measure === "vehicles" ? count : duration;
  const from = +new Date(answer.from);
  const to = +new Date(answer.to);
  const high = Math.max(1, ...answer.readings.map((r) => r[measure] ?? 0));
  const x = (at) => left + ((+new Date(at) - from) / (to - from)) * (width - left - right);
  const y = (v) => bottom - (v / high) * (bottom - top);
  const pattern = hatch();
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, pattern.defs);
  const known = stretches(answer.readings, measure);

  // Known is what any source knows.
  const spans = known.map((s) => [+new Date(s[0].time), Math.min(to, +new Date(s.at(-1).known_until))]).sort((a, b) => a[0] - b[0]);
  let reached = from;
  for (const [begin, end] of [...spans, [to, to]]) {
    if (begin > reached) root.append(svg("rect", { x: x(reached), width: x(begin) - x(reached), y: top, height: bottom - top, fill: pattern.fill }));
    reached = Math.max(reached, end);
  }
  for (const v of [0, high]) {
    root.append(svg("line", { x1: left, x2: width - right, y1: y(v), y2: y(v), class: v ? "grid" : "axis" }),
      svg("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, format(v)));
  }
  for (const [at, anchor] of [[from, "start"], [(from + to) / 2, "middle"], [to, "end"]]) {
    root.append(svg("text", { x: x(at), y: height - 10, "text-anchor": anchor }, date(at, zone)));
  }
  for (const points of known) {
    root.append(svg("path", { class: "p50", d: `M${points.map((r) => `${x(r.time).toFixed(1)},${y(r[measure]).toFixed(1)}`).join("L")}` }));
    if (points.length === 1) root.append(svg("circle", { cx: x(points[0].time), cy: y(points[0][measure]), r: 3, class: "dot" }));
  }
  const hollow = answer.readings.filter((r) => r[measure] !== null && doubts(r, r.time));
  for (const r of hollow) root.append(svg("circle", { cx: x(r.time), cy: y(r[measure]), r: 3, class: "dot hollow" }));
  return el("figure", { class: "chart" }, el("figcaption", { class: "legend" },
    el("span", {}, el("span", { class: "key p50", "aria-hidden": "true" }), t(measure === "vehicles" ? "reading_vehicles" : "reading_wait")),
    hollow.length ? el("span", {}, el("span", { class: "key hollow", "aria-hidden": "true" }), t("reading_hollow")) : null,
    el("span", {}, el("span", { class: "key hatched", "aria-hidden": "true" }), t("unknown"))), el("div", { class: "plot" }, root));
}
