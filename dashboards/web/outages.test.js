// What the page says while Kafka or ClickHouse cannot be reached.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Element } from "./testdata/document.js";
import { away, connectionOf, OutageNotice } from "./static/outages.js";

const kafka = { part: "kafka", since: "2026-01-05T09:42:00Z" };
const clickhouse = { part: "clickhouse", since: "2026-01-05T09:43:10Z" };
const overview = (outages, stands = null, waiting = 0, damaged = []) => ({ outages, stands_since: stands, records_waiting: waiting, damaged_tables: damaged, as_of: "2026-01-05T09:41:58Z" });

const node = new Element("p");
const notice = new OutageNotice(node);
function shown(o) {
  notice.update(o, "Asia/Kabul");
  return node.hidden ? null : node.textContent;
}

test("while all parts can be reached there is no banner", () => {
  assert.equal(shown(overview([kafka])) === null, false);
  assert.equal(shown(overview([])), null);
  assert.deepEqual(connectionOf(overview([])), ["live", "Live"]);
});

test("without Kafka the numbers and the history are as of the last event", () => {
  assert.equal(shown(overview([kafka])), "Kafka has been unreachable since Jan 5, 14:12: no new events come in. "
    + "The numbers on this page are as of Jan 5, 14:11:58. History can be read, and says as of when.");
  assert.deepEqual(connectionOf(overview([kafka])), ["behind", "Not up to date"]);
});

test("without ClickHouse the numbers are live, and history is missing", () => {
  assert.equal(shown(overview([clickhouse])), "The database has been unreachable since Jan 5, 14:13: history and single trucks cannot be read. "
    + "The numbers on this page are live.");
  assert.deepEqual(connectionOf(overview([clickhouse])), ["partly", "Live, no history"]);
});

test("when events must wait, the numbers are no longer called live", () => {
  assert.equal(shown(overview([clickhouse], "2026-01-05T09:50:00Z")), "The database has been unreachable since Jan 5, 14:13: history and single trucks cannot be read. "
    + "Events since Jan 5, 14:20 are not all in these numbers: they are kept, and will be counted. "
    + "The numbers on this page are as of Jan 5, 14:11:58.");
  assert.deepEqual(connectionOf(overview([clickhouse], "2026-01-05T09:50:00Z")), ["behind", "Not up to date"]);
});

test("while the disk of the database is full, history is older than the numbers and says so", () => {
  const full = overview([], "2026-01-05T09:50:00Z");
  assert.equal(shown(full), "Events since Jan 5, 14:20 are not all in these numbers: they are kept, and will be counted. "
    + "The numbers on this page are as of Jan 5, 14:11:58. History can be read, and says as of when.");
  assert.deepEqual([full, overview([kafka]), overview([])].map(away), [true, true, false]);
});

test("while a partition stands behind an open transaction the page says how many records wait", () => {
  const behind = overview([], "2026-01-05T09:50:00Z", 1200);
  assert.equal(shown(behind), "Events since Jan 5, 14:20 are not all in these numbers: they are kept, and will be counted. "
    + "1,200 records wait to be counted. The numbers on this page are as of Jan 5, 14:11:58. History can be read, and says as of when.");
});

test("while the program catches up the numbers are not called live", () => {
  const behind = overview([], null, 300_000);
  assert.equal(shown(behind), "Events come faster than they are counted, or are older than this program's start: the numbers are catching up. "
    + "300,000 records wait to be counted. The numbers on this page are as of Jan 5, 14:11:58. History can be read, and says as of when.");
  assert.deepEqual(connectionOf(behind), ["behind", "Not up to date"]);
  assert.equal(away(behind), true);
});

test("a damaged table is named with the way out while the numbers are live", () => {
  const damaged = overview([], null, 0, [{ table: "windows", way_out: "run dwell recount" }]);
  assert.equal(shown(damaged), "The table windows is damaged, so that numbers may be wrong or missing: run dwell recount. "
    + "The numbers on this page are live. History can be read, and says as of when.");
  assert.deepEqual(connectionOf(damaged), ["live", "Live"]);
  assert.equal(away(damaged), true);
});

test("with both away nothing is promised", () => {
  const text = shown({ ...overview([kafka, clickhouse]), as_of: null });
  assert.match(text, /Kafka has been.*The database has been.*as of Unknown\.$/);
});
