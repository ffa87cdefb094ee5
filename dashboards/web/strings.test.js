// The words of the page, and the code that uses them.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { nameOf, t, wordOf } from "./static/strings.js";

const folder = new URL("static/", import.meta.url);
const read = (name) => readFileSync(new URL(name, folder), "utf8");

test("every key that the page uses has words", () => {
  const modules = readdirSync(folder).filter((name) => name.endsWith(".js") && name !== "strings.js" && name !== "measures.js");
  const keys = [
    ...modules.flatMap((name) => [...read(name).matchAll(/\bt\("(\w+)"/g)]),
    ...read("index.html").matchAll(/data-t="(\w+)"/g),
  ].map((match) => match[1]);
  assert.ok(keys.length > 75, `${keys.length} keys`);
  for (const key of keys) assert.equal(typeof t(key), "string", key);
});

test("every reason and status of the API has words", () => {
  for (const code of [
    "ok", "unknown", "closed", "stale", "no_data_yet", "no_truck_events", "not_measured", "zero_with_vehicles", "no_releases", "no_values", "not_reported", "zero_after_closure",
    "zero_after_outage",
  ]) assert.notEqual(t(code), "", code);
});

test("the labels of measures are those of the table", () => {
  assert.equal(t("releases"), "Releases");
  assert.equal(t("crossing_time"), "Crossing time");
});

test("placeholders are filled, and an agency that nothing names has its code as a word", () => {
  assert.equal(t("total_known", { known: "3", all: "9" }), "3 of 9 places known");
  assert.equal(wordOf("customs"), "Customs");
  assert.equal(wordOf("food_safety"), "Food safety");
  assert.equal(nameOf({ en: "Torkham" }), "Torkham");
});
