// Numbers and times as the page writes them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { brief, count, dateTimeSeconds, duration, durationParts, percent, zoneName } from "./static/format.js";

test("what is not a number is unknown, never zero", () => {
  for (const format of [count, percent, duration, brief]) {
    for (const nothing of [null, undefined, NaN]) assert.equal(format(nothing), "Unknown");
  }
  assert.deepEqual([count(0), percent(0), duration(0), brief(0)], ["0", "0%", "0 s", "0 s"]);
});

test("a duration has the two largest units, rounded", () => {
  for (const [seconds, text] of [
    [59.4, "59 s"], [59.5, "1 min"], [3569, "59 min"], [3570, "1 h"], [87000, "24 h 10 min"], [172770, "2 d"],
    [190 * 3600, "7 d 22 h"],
  ]) assert.equal(duration(seconds), text);
  assert.deepEqual(durationParts(3660), [["1", "h"], ["1", "min"]]);
});

test("an age has one unit and is rounded down, and a clock that is ahead makes it 0 s", () => {
  for (const [seconds, text] of [[-3, "0 s"], [59.9, "59 s"], [119, "1 min"], [47 * 3600, "47 h"], [48 * 3600, "2 d"]]) {
    assert.equal(brief(seconds), text);
  }
});

test("a share that is not zero is not written as zero", () => {
  assert.deepEqual([percent(0.001), percent(0.126)], ["<1%", "13%"]);
});

test("times are those of the place, with its offset", () => {
  const at = "2026-01-05T09:42:13Z";
  assert.match(dateTimeSeconds(at, "Asia/Kabul"), /5.*14:12:13/);
  assert.equal(zoneName(at, "Asia/Kabul"), "UTC+4:30");
  assert.match(dateTimeSeconds("2026-01-05T00:00:00Z", "UTC"), /00:00:00/);
});
