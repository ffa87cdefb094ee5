// The page's connection, with sockets and browser events that the test makes.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { merge } from "./static/live.js";
import { changes, connect, dispatch, open, overview, snapshot, sockets, tick } from "./testdata/browser.js";

test("a page opens one socket, and an online event opens no further one", () => {
  connect();
  dispatch("online");
  tick(9_000);
  assert.equal(sockets.length, 1);
});

test("online events after a reconnect open no further socket", () => {
  connect();
  sockets[0].drop();
  tick(500);
  for (let i = 0; i < 20; i++) dispatch("online");
  assert.equal(sockets.length, 2);
  assert.equal(open().length, 1);
});

test("an online event replaces the pending attempt", () => {
  connect();
  sockets[0].drop();
  dispatch("online");
  tick(9_000);
  assert.equal(sockets.length, 2);
});

test("a page that becomes visible tries again at once, a hidden one waits", () => {
  connect();
  sockets[0].drop();
  document.hidden = true;
  dispatch("visibilitychange");
  assert.equal(sockets.length, 1);
  document.hidden = false;
  dispatch("visibilitychange");
  assert.equal(sockets.length, 2);
});

test("whatever sequence of events comes, at most one socket is open, and one comes back", () => {
  connect();
  let seed = 1;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const events = [
    () => dispatch("online"),
    () => dispatch("visibilitychange"),
    () => { document.hidden = !document.hidden; },
    () => sockets[random(sockets.length)].drop(),
    () => open()[0]?.receive(snapshot(sockets.length)),
    () => open()[0]?.receive(changes(1e9, 2e9)),
    () => tick(random(40_000)),
    () => tick(random(400)),
  ];
  for (let i = 0; i < 5000; i++) {
    events[random(events.length)]();
    assert.ok(open().length <= 1, `${open().length} sockets are open after ${i} events`);
  }
  for (let i = 0; i < 70 && !open().length; i++) tick(1000);
  assert.equal(open().length, 1);
});

test("a socket without frames is replaced although its closing handshake never ends", () => {
  const { states } = connect();
  sockets[0].onopen();
  tick(35_000);
  tick(500);
  assert.equal(sockets.length, 2);
  sockets[0].drop();
  tick(500);
  assert.equal(sockets.length, 2);
  assert.deepEqual(states, ["connecting", "lost"]);
});

test("changes say what is away, and what is reachable again", () => {
  const seen = connect();
  const away = [{ part: "kafka", since: "2026-01-05T09:42:00Z" }];
  sockets[0].receive({ ...snapshot(1), overview: { ...overview(), outages: [], stands_since: null, records_waiting: 0, damaged_tables: [] } });
  sockets[0].receive({ ...changes(1, 2), outages: away, stands_since: "2026-01-05T09:43:00Z", records_waiting: 7, damaged_tables: ["windows"] });
  sockets[0].receive({ ...changes(2, 3), outages: [], stands_since: null, records_waiting: 0, damaged_tables: [] });
  assert.deepEqual(seen.overviews.map(([o]) => [o.outages, o.stands_since, o.records_waiting, o.damaged_tables]),
    [[[], null, 0, []], [away, "2026-01-05T09:43:00Z", 7, ["windows"]], [[], null, 0, []]]);
});

test("a frame of a socket that was given up does not overwrite newer numbers", () => {
  const { overviews } = connect();
  tick(10_000);
  tick(500);
  sockets[1].receive(snapshot(9));
  sockets[0].receive(snapshot(3));
  assert.equal(overviews.length, 1);
  sockets[1].drop();
  tick(1000);
  assert.equal(sockets[2].address.searchParams.get("from"), "9");
});

test("a lost connection resumes after the last frame", () => {
  const { states } = connect();
  sockets[0].receive(snapshot(7));
  sockets[0].drop();
  dispatch("online");
  assert.equal(sockets[1].address.searchParams.get("from"), "7");
  assert.equal(sockets[1].address.searchParams.get("stream"), "s");
  assert.deepEqual(states, ["connecting", "live", "lost"]);
});

for (const [name, frame] of [
  ["that skip a number", changes(8, 9)],
  ["of a BCP that the overview lacks", changes(7, 8, { id: "AQINA", inside: { trucks: 1 } })],
  ["of another stream", { ...changes(7, 8), stream: "other" }],
]) {
  test(`changes ${name} make the page ask for a snapshot`, () => {
    const { overviews } = connect();
    sockets[0].receive(snapshot(7));
    sockets[0].receive(frame);
    assert.equal(overviews.length, 1);
    tick(500);
    assert.equal(open().length, 1);
    assert.equal(sockets[1].address.search, "");
  });
}

test("attempts come further and further apart, up to 30 s", () => {
  mock.method(Math, "random", () => 1);
  connect();
  for (const delay of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    const before = sockets.length;
    sockets.at(-1).drop();
    tick(delay - 1);
    assert.equal(sockets.length, before);
    tick(1);
    assert.equal(sockets.length, before + 1);
  }
  });

test("a server that cannot read its database is reported as failing", () => {
  const { states } = connect();
  sockets[0].receive({ ...snapshot(7), source: "failing" });
  sockets[0].receive({ ...changes(7, 8), source: "failing" });
  assert.deepEqual(states, ["connecting", "failing", "failing"]);
});

test("a server that has never read its database keeps the connection", () => {
  const { states, overviews } = connect();
  sockets[0].receive({ ...snapshot(7), overview: null, source: "failing" });
  sockets[0].receive({ ...changes(7, 8), source: "failing" });
  assert.deepEqual(states, ["connecting", "failing", "failing"]);
  assert.deepEqual(overviews, []);
  assert.equal(open().length, 1);
});

test("merge replaces changed hours, drops the oldest, and keeps an unknown number null", () => {
  const before = {
    trend_hours: 3,
    places: [{ id: "TORKHAM", inside: { trucks: 4 }, trend: [{ start: "1", n: 1 }, { start: "2", n: 2 }, { start: "3", n: 3 }] }, { id: "AQINA" }],
  };
  const changed = merge(before, {
    time: "t", places: [{ id: "TORKHAM", inside: { trucks: null }, trend: [{ start: "3", n: 9 }, { start: "4", n: null }] }],
  });
  assert.deepEqual([...changed], ["TORKHAM"]);
  assert.equal(before.places[0].inside.trucks, null);
  assert.deepEqual(before.places[0].trend, [{ start: "2", n: 2 }, { start: "3", n: 9 }, { start: "4", n: null }]);
});

test("merge applies nothing of changes that name a BCP the overview lacks", () => {
  const before = overview();
  assert.equal(merge(before, changes(7, 8, { id: "TORKHAM", inside: { trucks: 5 } }, { id: "AQINA" })), null);
  assert.deepEqual(before, overview());
});
