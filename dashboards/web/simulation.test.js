// The banner over data that are made up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Element } from "./testdata/document.js";
import { SimulationNotice } from "./static/simulation.js";

const simulation = { from: "2026-01-01T00:00:00Z", history_until: "2026-03-02T00:40:00Z" };
const node = new Element("p");
const notice = new SimulationNotice(node);
function shown(overview) {
  notice.update(overview);
  return node.hidden ? null : node.textContent.trim();
}

test("real data have no banner", () => {
  assert.equal(shown({ simulation: null, as_of: "2026-02-04T12:00:00Z" }), null);
  assert.equal(node.textContent.trim(), "");
});

test("made-up data are called so, with the days of history that have been counted", () => {
  for (const [asOf, history] of [
    [null, " History: day 0 of 60 counted."],
    ["2025-12-31T23:59:00Z", " History: day 0 of 60 counted."],
    ["2026-01-01T23:59:59Z", " History: day 0 of 60 counted."],
    ["2026-02-04T12:00:00Z", " History: day 34 of 60 counted."],
    ["2026-03-02T00:39:59Z", " History: day 60 of 60 counted."],
    ["2026-03-02T00:40:00Z", ""],
    ["2027-01-01T00:00:00Z", ""],
  ]) assert.equal(shown({ simulation, as_of: asOf }), `These data are made up: a simulation, not a real border.${history}`, asOf);
});
