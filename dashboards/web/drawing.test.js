// What the page draws of a place: unknown is hatched and named, and never a zero.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./testdata/document.js";
import { byHolder } from "./static/bars.js";
import { Chart } from "./static/chart.js";
import { Detail } from "./static/detail.js";
import { el } from "./static/dom.js";
import { flowMeasures, Place, shownOf } from "./static/place.js";
import { doubts, queues, readingsCharts, stretches } from "./static/readings.js";
import { runs, sparkline } from "./static/sparkline.js";
import { t } from "./static/strings.js";
import { totals } from "./static/totals.js";

const now = "2026-01-05T12:00:00Z";
const hour = (h) => `2026-01-05T${String(h).padStart(2, "0")}:00:00Z`;
const hatched = (node) => node.all("rect").filter((r) => r.attributes.fill?.startsWith("url("));
const lines = (node, name) => node.all("path", name).map((p) => p.attributes.d);
const paths = (node) => node.all("path").map((p) => p.attributes.d);

// Every measure of the flow has a number, also those that are not looked at.
const flow = Object.fromEntries(flowMeasures.map((name) => [name, 1]));

function placeWith(sections) {
  return {
    id: "TORKHAM", names: { en: "Torkham" }, neighbour: { names: { en: "Torkham (Pakistan)" } }, status: "ok", last_event: hour(12),
    inside: { trucks: 9, last_known: 9, reason: null, by_direction: { inbound: 5, outbound: 4 }, by_holder: [], by_age: { under_6h: 9, "6h_to_24h": 0, "1d_to_3d": 0, "3d_to_7d": 0, over_7d: 0 } },
    release_time: { n: 3, reason: null, mean_seconds: 7000, p50_seconds: 7200, p90_seconds: 9000, net_mean_seconds: null, net_p50_seconds: null },
    target: { release_time_seconds: 86400, statistic: "p90", assumed: false, value_seconds: 9000, met: true }, capacity: null, time_zone: "Asia/Kabul",
    usual: { p25: null, median: null, p75: null, weeks: 0, deviation: null, reason: "not_learned", spikes: [] }, flow: { ...flow, arrivals: 4, releases: 3, departures: 2 },
    holders: [], readings: [], trend: [], ...sections,
  };
}

function drawn(sections) {
  const place = new Place(placeWith(sections));
  place.update(placeWith(sections), now);
  return place;
}

const nothing = { n: null, mean_seconds: null, p50_seconds: null, p90_seconds: null, net_mean_seconds: null, net_p50_seconds: null };
const stale = {
  status: "unknown", last_event: "2026-01-04T05:00:00Z", inside: { trucks: null, last_known: 112, reason: "stale" },
  release_time: { ...nothing, reason: "stale" }, flow: { arrivals: null, releases: null, departures: null, reason: "stale" },
};

test("a stale place has no numbers but its last known one and its age", () => {
  const place = drawn(stale);
  assert.equal(place.status.textContent, "Unknown · stale, last seen 31 h ago");
  assert.match(place.inside.textContent, /Unknownstale, last seen 31 h ago112 when last seen/);
  assert.match(place.inside.textContent, /arrivals unknown/);
  assert.doesNotMatch(place.release.textContent.replace("31 h", ""), /\d/);
});

test("a place of a page that has lost its connection says when it was last seen, and not how long ago", () => {
  const place = drawn({ time_zone: "Asia/Kabul", last_event: hour(11) });
  assert.equal(place.status.textContent, "Last seen 1 h ago");
  place.stand();
  assert.equal(place.status.textContent, "Last seen Jan 5, 15:30");
  place.update(placeWith({ time_zone: "Asia/Kabul", last_event: hour(12) }), now);
  assert.equal(place.status.textContent, "Last seen 0 s ago");
});

test("a place without data yet has no number at all", () => {
  const reason = "no_data_yet";
  const place = drawn({ ...stale, last_event: null, inside: { trucks: null, last_known: null, reason }, release_time: { ...nothing, reason } });
  for (const cell of [place.status, place.inside, place.release, place.holders]) {
    assert.match(cell.textContent, /Unknown/);
    assert.doesNotMatch(cell.textContent, /\d/);
  }
});

test("a place that comes back loses what was unknown", () => {
  const place = drawn(stale);
  place.update(placeWith({}), now);
  assert.equal(place.status.textContent, "Last seen 0 s ago");
  assert.match(place.inside.textContent, /Inside now9/);
  assert.doesNotMatch(place.inside.textContent, /Unknown/);
});

test("the flow has every measure of the overview", () => {
  assert.match(drawn({}).inside.textContent, /4 arrived · 3 released · 2 departed/);
  assert.equal(drawn({}).inside.textContent.match(/ · /g).length, flowMeasures.length - 1);
});

// A truck without an arrival was released and has no release time: both numbers stand in one row.
test("what is called released is one number", () => {
  const place = drawn({ release_time: { ...placeWith({}).release_time, n: 611 }, flow: { ...flow, releases: 612 } });
  assert.deepEqual(place.node.textContent.match(/\d+ released/g), ["612 released"]);
  assert.match(place.release.textContent, /of 611 trucks with a release time/);
});

test("no trucks is a number, and no release is not unknown", () => {
  const place = drawn({
    inside: { ...placeWith({}).inside, trucks: 0, by_direction: { inbound: 0, outbound: 0 }, by_holder: [], by_age: { under_6h: 0, "6h_to_24h": 0, "1d_to_3d": 0, "3d_to_7d": 0, over_7d: 0 } },
    release_time: { ...nothing, n: 0, reason: "no_releases" },
  });
  assert.equal(place.inside.all("p", "figure")[0].textContent, "0");
  assert.match(place.release.textContent, /no releases in this period/);
  assert.doesNotMatch(place.release.textContent, /Unknown/);
});

test("who has the trucks now is presumed where no fact says it", () => {
  const held = [
    { phase: "wait", holder: "customs", trucks: 6, presumed: { share: 0.9, second: "trader", second_share: 0.1 } },
    { phase: "service", holder: "customs", trucks: 1, presumed: null }, { phase: "wait", holder: "trader", trucks: 2, presumed: { share: null, second: "", second_share: null } },
  ];
  const place = drawn({ inside: { ...placeWith({}).inside, by_holder: held } });
  assert.match(place.inside.textContent, /Customs 1Presumably waiting forCustoms 6Trader 2/);
  assert.doesNotMatch(drawn({ inside: { ...placeWith({}).inside, by_holder: held.slice(1, 2) } }).inside.textContent, /Presumably/);
});

test("a release time that is not known net of closed hours is not zero there", () => {
  assert.doesNotMatch(drawn({}).release.textContent, /net of closed hours/);
  const place = drawn({ release_time: { ...placeWith({}).release_time, net_mean_seconds: 3000, net_p50_seconds: 3600 } });
  assert.match(place.release.textContent, /net of closed hours: 1 h/);
});

test("a target is met or missed by the statistic that it names", () => {
  assert.match(drawn({}).release.textContent, /target met: 90 % within 24 h/);
  const missed = { release_time_seconds: 3600, statistic: "p50", assumed: true, value_seconds: 7200, met: false };
  assert.match(drawn({ target: missed }).release.textContent, /assumed target missed: half within 1 h/);
  assert.equal(drawn({ target: { ...missed, met: null } }).release.all("p", "verdict").length, 0);
  assert.equal(drawn({ target: { ...missed, release_time_seconds: null } }).release.all("p", "verdict").length, 0);
});

test("a zero after a closure is unknown, with what was published beside it", () => {
  const reading = { source: "far side", direction: "", time: now, vehicles: 0, wait_seconds: null, age_seconds: 60, reason: "zero_after_closure" };
  const text = drawn({ readings: [reading] }).outside.textContent;
  assert.match(text, /Unknownzero after a closure0 vehicles published/);
  assert.equal(text.match(/zero after a closure/g).length, 1);
});

test("totals with unknown places show of how many places they are", () => {
  const flow = { arrivals: 1, releases: null, departures: 0 };
  const total = { places: 9, unknown_places: 2, inside: { trucks: null }, release_time: nothing, holders: [], flow };
  const text = totals(total).map((c) => c.textContent);
  assert.match(text[0], /Unknown.*7 of 9 places known/);
  assert.match(text[1], /Unknown.*Arrivals1ReleasesUnknownDepartures0/);
  assert.match(text[2], /Unknown/);
});

test("a trend breaks its line where a value is missing, and hatches the unknown hours", () => {
  assert.deepEqual(runs([null, 1, 0, null, 3]), [[1, 2], [4]]);
  const node = sparkline([4, null, 0, 2], [false, true, false, false], { label: "trend_inside", format: String });
  assert.equal(hatched(node).length, 1);
  assert.equal(lines(node, "line").length, 2);
  assert.equal(node.attributes["aria-label"], "Trucks inside at the end of each hour: between 0 and 4, now 2; unknown for 1 h");
});

test("a trend of nothing known draws no line", () => {
  const node = sparkline([null, null], [true, true], { label: "trend_inside", format: String });
  assert.equal(lines(node, "line").length, 0);
  assert.equal(node.attributes["aria-label"], "Trucks inside at the end of each hour: unknown; unknown for 2 h");
});

test("the history hatches an unknown window, draws nothing in it and reads it out as unknown", () => {
  const known = (h) => ({ start: hour(h), status: "ok", n: 2, p50_seconds: 3600, p90_seconds: 7200, inside: 5 });
  const windows = [known(8), { ...nothing, start: hour(9), status: "unknown", inside: null }, known(10), { ...known(11), reason: "future" }];
  const chart = new Chart();
  chart.draw({ time_zone: "UTC", grain: "hour", windows });
  assert.equal(hatched(chart.plot).length, 2);
  assert.equal(chart.plot.all("rect", "bar").length, 2);
  assert.equal(lines(chart.plot, "p50").length, 2);
  chart.point(1);
  assert.match(chart.readout.textContent, /09:00: unknown/);
  chart.point(2);
  assert.match(chart.readout.textContent, /10:00: median 1 h, 90 % within 2 h, of 2 with a release time, 5 inside/);
});

const reading = (h, until, values) => ({ source: "far side", direction: "", time: hour(h), known_until: until && hour(until), vehicles: null, wait_seconds: null, ...values });

test("readings join only while each is known until the next, queue by queue", () => {
  const readings = [
    reading(1, 2, { vehicles: 3 }), reading(1, 3, { vehicles: 8, source: "near side" }), reading(1, 3, { vehicles: 9, queue: "buses" }),
    reading(2, 3, { vehicles: 0 }), reading(5, 6, { vehicles: 4 }), reading(7, null, { vehicles: 0 }),
  ];
  const drawnOf = queues(readings).map((of) => stretches(of, "vehicles").map((s) => s.map((r) => r.vehicles)));
  assert.deepEqual(drawnOf, [[[3, 0], [4]], [[8]], [[9]]]);
});

const charts = (readings, latest = []) => readingsCharts({ from: hour(0), to: hour(3), readings }, latest, "UTC");

test("a reading without the number of vehicles leaves its time hatched", () => {
  const readings = [reading(0, 1, { vehicles: 3 }), reading(1, 2, { wait_seconds: 600 }), reading(2, 3, { vehicles: 5 })];
  const [vehicles, waits] = charts(readings);
  assert.deepEqual([hatched(vehicles).length, hatched(waits).length], [1, 2]);
  assert.equal(lines(vehicles, "p50").length, 2);
  for (const d of paths(vehicles)) assert.match(d, /^M\d/);
});

test("of two sources one counts and the other has waits: both are drawn, each with its name, unit and age", () => {
  const all = charts([reading(0, 3, { vehicles: 3, source: "/count" }), reading(1, 3, { wait_seconds: 600, source: "/wait", queue: "buses", direction: "inbound" })],
    [{ source: "/wait", queue: "buses", direction: "inbound", age_seconds: 1200 }, { source: "/count", queue: "", direction: "", age_seconds: 60 }]);
  assert.equal(all.length, 2);
  assert.match(all[0].textContent, /\/wait · buses · inboundread 20 min ago.*Waiting time/);
  assert.match(all[1].textContent, /\/countread 1 min ago.*Vehicles waiting/);
  for (const chart of all) assert.equal(lines(chart, "p50").length, 1);
});

test("a wait of zero beside vehicles is a hollow point in hatched time, and its vehicles are a line", () => {
  const readings = [reading(0, 1, { vehicles: 150, wait_seconds: 0, wait_reason: "zero_with_vehicles" }), reading(1, 3, { vehicles: 140, wait_seconds: 600 })];
  const [vehicles, waits] = charts(readings);
  const hollow = (node) => node.all("circle", "hollow").length;
  assert.deepEqual([hollow(vehicles), hatched(vehicles).length], [0, 0]);
  assert.deepEqual([hollow(waits), hatched(waits).length], [1, 1]);
  assert.match(doubts(readings[0], now), /wait of zero beside vehicles/);
});

test("a source with many queues leaves room for the charts of another", () => {
  const many = Array.from({ length: 14 }, (_, i) => reading(2, 3, { vehicles: i, queue: `lane ${i}`, source: "/many" }));
  const all = charts([reading(0, 3, { wait_seconds: 60, source: "/wait" }), ...many]);
  assert.match(all[1].textContent, /^\/wait.*Waiting time/);
});

test("charts that are not drawn are counted, and readings that the answer lacks are said", () => {
  const many = Array.from({ length: 14 }, (_, i) => reading(0, 3, { vehicles: i, queue: `lane ${i}` }));
  const all = readingsCharts({ from: hour(0), to: hour(3), readings: many, truncated: true }, [], "UTC");
  assert.equal(all.filter((node) => node.tag === "figure").length, 12);
  assert.match(all.map((node) => node.textContent).join(), /2 more charts.*the first 14 readings/);
});

test("a queue whose source reports nothing is hatched from end to end", () => {
  const [chart] = charts([reading(0, null, { reason: "not_reported" })]);
  assert.equal(hatched(chart).length, 1);
});

test("the doubts about a reading are named", () => {
  assert.equal(doubts({ reason: "not_reported" }, now), "");
  assert.equal(doubts({ reason: "zero_after_outage", frozen: true, frozen_since: hour(7), stale: true }, now), "zero after an outage, frozen for 5 h, stale");
});

test("the page says what a holder and a segment are, and what is final", () => {
  const holders = el("div");
  Detail.prototype.showHolders.call({ holders }, { holders: [{ holder: "customs", phase: "wait", seconds: 60, net_seconds: 60, n: 1 }] });
  assert.match(holders.textContent, /Segments.*A segment is the part of a visit/);
  assert.match(t("footer"), /A holder is/);
  assert.ok(t("footer").includes(`"${t("final_until")}"`));
});

test("the phases of a holder add up, the longest first, and what took no time is left out", () => {
  const holders = [{ holder: "customs", seconds: 1 }, { holder: "trader", seconds: 4 }, { holder: "customs", seconds: 5 }, { holder: "health", seconds: 0 }];
  assert.deepEqual(byHolder(holders), [{ holder: "customs", seconds: 6, share: 0.6 }, { holder: "trader", seconds: 4, share: 0.4 }]);
  assert.deepEqual(byHolder([]), []);
});

const latest = (source, sections = {}) => ({ source, queue: "", direction: "", time: hour(11), vehicles: 1, wait_seconds: null, age_seconds: 60, stale: false, frozen: false, frozen_since: null, ...sections });

test("queues that a place does not show are counted, those that the server leaves out too", () => {
  const outside = (queues_left_out, ...readings) => drawn({ readings, queues_left_out }).outside.textContent;
  const three = [latest("a"), latest("b"), latest("c")];
  assert.doesNotMatch(outside(0, ...three), /more/);
  assert.doesNotMatch(outside(undefined, ...three), /more/); // a server of an earlier version
  assert.doesNotMatch(outside(0, ...three, latest("c", { direction: "inbound" })), /more/); // the same queue
  assert.match(outside(0, ...three, latest("c", { queue: "buses" })), /and one more queue$/);
  assert.match(outside(49_936, ...three, latest("d")), /and 49,937 more queues$/);
});

test("of each source the list shows the newest reading, and no source is hidden by its name", () => {
  const lanes = ["1", "2", "3", "4"].map((queue) => latest("a", { queue }));
  const readings = [...lanes, latest("b", { time: hour(2) }), latest("z", { time: hour(12) })];
  assert.deepEqual(shownOf(readings).map((r) => r.source + r.queue), ["a1", "b", "z"]);
  assert.deepEqual(shownOf(lanes).map((r) => r.queue), ["1", "2", "3"]);
  assert.deepEqual(shownOf([]), []);
});

test("a reading has the name of its queue, and how that is served", () => {
  const text = drawn({ readings: [latest("/cbp", { queue: "FAST", wait_seconds: 0, wait_reason: "zero_with_vehicles", lanes_open: 2, service_rate: 31, state: "paused" })] }).outside.textContent;
  assert.match(text, /\/cbp · FAST1 vehicles.*queue paused · lanes open: 2 · 31 vehicles\/h · read 1 min ago.*wait of zero beside vehicles/);
  assert.match(drawn({ readings: [latest("/cbp", { vehicles: null, reason: "not_reported", state: "closed" })] }).outside.textContent, /Unknownnot reported.*queue closed/);
});

test("a place with readings alone has no neighbour to name, and its trucks are not measured", () => {
  const reason = "not_measured";
  const place = drawn({
    neighbour: null, inside: { trucks: null, last_known: null, reason }, release_time: { ...nothing, reason }, flow: { arrivals: null, releases: null, departures: null, reason },
  });
  for (const cell of [place.inside, place.release, place.holders]) assert.match(cell.textContent, /Unknownnot measured/);
  assert.match(place.inside.textContent, /arrivals not measured/);
});
