// The readings of queues over time, a chart for each queue of a source and each unit. A line joins two readings; where none came for
// too long, or the source reported nothing, or nothing that counts, the time is hatched: the queue was unknown, not empty. A hollow
// point is a reading that is stale, frozen, or a zero in doubt.
import { el, svg } from "./dom.js";
import { brief, count, date, duration } from "./format.js";
import { hatch } from "./sparkline.js";
import { codeText, directionName, stateName, t } from "./strings.js";

const width = 820;
const height = 170;
const left = 80; // as wide as "1 h 30 min"
const right = 12;
const top = 10;
const bottom = 140;

const chartsShown = 12;
const measures = ["vehicles", "wait_seconds"];

// queueName says of which queue a reading is: of a source, a lane or class, and a direction, as far as the source says.
export const queueName = (r) => [r.source, r.queue, r.direction && directionName(r.direction)].filter(Boolean).join(" · ");

// keyOf tells queues apart. A server of an earlier version has no names of queues.
export const keyOf = (r) => JSON.stringify([r.source, r.queue ?? "", r.direction]);

// counts reports whether a reading says how many vehicles wait, or how long.
const counts = (r, measure) => r.known_until !== null && r[measure] !== null && !(measure === "wait_seconds" && r.wait_reason);

// inDoubt reports whether a reading has a number that does not count.
const inDoubt = (r, measure) => r[measure] !== null && Boolean((r.reason && r.reason !== "not_reported") || r.frozen || r.stale || (measure === "wait_seconds" && r.wait_reason));

// inTurn orders items so that each source comes in turn, the one with the newest reading first, and of each its newest item first. So
// neither many queues nor the name of one source hides another source. latestOf is an item's latest reading.
export function inTurn(items, latestOf) {
  const newest = (a, b) => new Date(latestOf(b).time) - new Date(latestOf(a).time);
  const sources = [...new Set(items.map((item) => latestOf(item).source))]
    .map((source) => items.filter((item) => latestOf(item).source === source).sort(newest)).sort((a, b) => newest(a[0], b[0]));
  const most = Math.max(0, ...sources.map((of) => of.length));
  return Array.from({ length: most }, (_, i) => sources.map((of) => of[i]).filter(Boolean)).flat();
}

// queues are the readings of each queue, ordered by time, with the sources in turn.
export function queues(readings) {
  const all = new Map();
  for (const r of readings) {
    const key = keyOf(r);
    if (!all.has(key)) all.set(key, []);
    all.get(key).push(r);
  }
  return inTurn([...all.values()], (of) => of.at(-1));
}

// stretches cuts the readings of a queue, which are ordered by time, into those of which each is known until the next. A reading without
// the measure ends a stretch.
export function stretches(readings, measure) {
  const all = [];
  for (const r of readings) {
    if (!counts(r, measure)) continue;
    const last = all.at(-1)?.at(-1);
    if (last && +new Date(last.known_until) === +new Date(r.time)) all.at(-1).push(r);
    else all.push([r]);
  }
  return all;
}

// doubts are the words for what is wrong with a reading.
export function doubts(r, now) {
  return [
    r.reason && r.reason !== "not_reported" ? codeText(r.reason) : null,
    r.frozen ? t("frozen", { age: brief((new Date(now) - new Date(r.frozen_since)) / 1000) }) : null,
    r.stale ? t("stale") : null,
    r.wait_reason ? codeText(r.wait_reason) : null,
  ].filter(Boolean).join(", ");
}

// figuresOf are what a reading says, in words, its number of vehicles before its wait. A wait in doubt is among its doubts.
export const figuresOf = (r) => [
  r.vehicles === null ? null : t("vehicles", { n: count(r.vehicles) }),
  r.wait_seconds === null || r.wait_reason ? null : t("wait", { time: duration(r.wait_seconds) }),
].filter(Boolean);

// serviceOf says how a queue is served, as far as the source says.
export const serviceOf = (r) => [
  r.state && r.state !== "unknown" ? stateName(r.state) : null,
  (r.lanes_open ?? null) === null ? null : t("lanes_open", { n: count(r.lanes_open) }),
  (r.service_rate ?? null) === null ? null : t("service_rate", { n: count(r.service_rate) }),
].filter(Boolean);

// readingsCharts draws the queues of an answer; latest are the latest readings of all queues. It says what it leaves out.
export function readingsCharts(answer, latest, zone) {
  const age = new Map(latest.map((r) => [keyOf(r), r.age_seconds]));
  const all = queues(answer.readings).flatMap((readings) => {
    const units = measures.filter((m) => readings.some((r) => r[m] !== null));
    return (units.length ? units : ["vehicles"]).map((measure) => [readings, measure]);
  });
  const more = all.length - chartsShown;
  return [
    ...all.slice(0, chartsShown).map(([readings, measure]) => chart(answer, readings, measure, age.get(keyOf(readings[0])), zone)),
    more > 0 ? el("p", { class: "minor" }, t("more_charts", { n: count(more) })) : null,
    answer.truncated ? el("p", { class: "minor" }, t("readings_truncated", { n: count(answer.readings.length) })) : null,
  ].filter(Boolean);
}

function chart(answer, readings, measure, age, zone) {
  const format = measure === "vehicles" ? count : duration;
  const from = +new Date(answer.from);
  const to = +new Date(answer.to);
  const high = Math.max(1, ...readings.map((r) => r[measure] ?? 0));
  const x = (at) => left + ((+new Date(at) - from) / (to - from)) * (width - left - right);
  const y = (v) => bottom - (v / high) * (bottom - top);
  const pattern = hatch();
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, pattern.defs);
  const known = stretches(readings, measure);
  const spans = known.map((s) => [+new Date(s[0].time), Math.min(to, +new Date(s.at(-1).known_until))]);
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
  const hollow = readings.filter((r) => inDoubt(r, measure));
  for (const r of hollow) root.append(svg("circle", { cx: x(r.time), cy: y(r[measure]), r: 3, class: "dot hollow" }));
  return el("figure", { class: "chart" }, el("figcaption", { class: "legend" },
    el("strong", { class: "queue" }, queueName(readings[0])), age === undefined ? null : el("span", {}, t("reading_age", { age: brief(age) })),
    el("span", {}, el("span", { class: "key p50", "aria-hidden": "true" }), t(measure === "vehicles" ? "reading_vehicles" : "reading_wait")),
    hollow.length ? el("span", {}, el("span", { class: "key hollow", "aria-hidden": "true" }), t("reading_hollow")) : null,
    el("span", {}, el("span", { class: "key hatched", "aria-hidden": "true" }), t("unknown"))), el("div", { class: "plot" }, root));
}
