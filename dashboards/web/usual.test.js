// What a place says of its trucks beside what is usual: unknown is said, and never a zero.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./testdata/document.js";
import { spikesOf, usualLines } from "./static/usual.js";

const known = { p25: 40, median: 50.5, p75: 61, weeks: 8, deviation: 1, spikes: [] };
const place = (usual, more = {}) => ({ usual, capacity: null, inside: { trucks: 70 }, time_zone: "Asia/Kabul", ...more });
const said = (p) => usualLines(p).map((node) => node.textContent);
const spike = (direction, measure = "inside") => ({ measure, direction, source: "", queue: "", since: "2026-03-16T07:30:00Z" });

test("what is usual is a range, beside the room there is", () => {
  assert.deepEqual(said(place(known)), ["usual at this hour: 40 to 61"]);
  assert.deepEqual(said(place(known, { capacity: 300 })), ["usual at this hour: 40 to 61 · room for 300"]);
});

test("what is not known yet is said so, and while a place is closed or unknown nothing is usual", () => {
  const nothing = { p25: null, median: null, p75: null, weeks: 3, deviation: null, spikes: [] };
  assert.deepEqual(said(place({ ...nothing, reason: "few_weeks" })), ["usual at this hour: not known yet"]);
  assert.deepEqual(said(place({ ...nothing, reason: "closed" })), []);
  assert.deepEqual(said(place({ ...nothing, reason: "stale" }, { inside: { trucks: null } })), []);
});

test("a spike is said by its direction, and that of both where neither has one", () => {
  assert.deepEqual(spikesOf(place({ ...known, spikes: [spike("")] })), ["far above the usual since Mar 16, 12:00"]);
  assert.deepEqual(spikesOf(place({ ...known, spikes: [spike(""), spike("outbound"), spike("", "queue_wait")] })), ["outbound: far above the usual since Mar 16, 12:00"]);
});
