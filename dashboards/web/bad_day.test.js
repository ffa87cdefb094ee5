// The page's connection through a bad day: sleep, night, a network that flickers, clocks that are set, servers of other versions.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { changes, connect, dispatch, freeze, open, overview, pass, set, sleep, snapshot, sockets, tick } from "./testdata/browser.js";

const hour = 3600_000;
const at = (seconds) => new Date(1.7e12 + seconds * 1000).toISOString();
const timed = (number, seconds) => ({ ...changes(number - 1, number), time: at(seconds) });

test("a laptop that wakes drops a socket that died while it slept, and says so before it shows a number", () => {
  const { states, overviews } = connect();
  sockets[0].receive(snapshot(7));
  pass(60_000, sockets[0], 7);
  const drawn = overviews.length;
  sleep(8 * hour);
  tick(5_000);
  assert.equal(states.at(-1), "lost");
  sockets[0].receive(changes(7, 8)); // it was on its way when the lid closed
  assert.equal(overviews.length, drawn);
  tick(500);
  assert.equal(open().length, 1);
  assert.equal(sockets[1].address.searchParams.get("from"), "7");
  sockets[1].receive(snapshot(900));
  assert.equal(states.at(-1), "live");
});

test("a page that is looked at after a sleep does not wait for a timer", () => {
  const { states } = connect();
  sockets[0].receive(snapshot(7));
  sleep(hour);
  dispatch("focus");
  assert.deepEqual(states, ["connecting", "live", "lost"]);
  assert.equal(open().length, 1);
  assert.equal(sockets.length, 2);
});

test("after a night in a frozen tab, frames that waited are not drawn", () => {
  document.hidden = true;
  const { overviews } = connect();
  sockets[0].receive(snapshot(7));
  freeze(9 * hour);
  for (let n = 8; n < 20; n++) sockets[0].receive(changes(n - 1, n));
  assert.equal(overviews.length, 1);
  tick(500);
  sockets[1].receive(snapshot(5000));
  assert.equal(overviews.length, 2);
});

test("an hour in a background tab with frames loses no connection", () => {
  document.hidden = true;
  const { states } = connect();
  sockets[0].receive(snapshot(7));
  pass(hour, sockets[0], 7);
  assert.equal(sockets.length, 1);
  assert.deepEqual([...new Set(states)], ["connecting", "live"]);
});

test("a network that flickers brings one attempt a second at most, and the page comes back", () => {
  connect();
  for (let i = 0; i < 600; i++) {
    open().forEach((s) => s.drop());
    dispatch(i % 2 ? "online" : "visibilitychange");
    tick(100);
  }
  assert.ok(sockets.length <= 63, `${sockets.length} attempts in a minute`);
  tick(30_000);
  assert.equal(open().length, 1);
});

test("a server that ends each connection after one frame is asked less and less often", () => {
  mock.method(Math, "random", () => 1);
  connect();
  for (let i = 0; i < 1200; i++) {
    for (const s of open()) {
      s.receive(snapshot(7));
      s.drop();
    }
    tick(100);
  }
  assert.ok(sockets.length <= 10, `${sockets.length} connections in two minutes`);
});

test("a connection that held begins anew with the shortest delay", () => {
  mock.method(Math, "random", () => 1);
  connect();
  for (let i = 0; i < 6; i++) {
    sockets.at(-1).drop();
    tick(500 * 2 ** i);
  }
  sockets.at(-1).receive(snapshot(7));
  pass(20_000, sockets.at(-1), 7);
  const before = sockets.length;
  sockets.at(-1).drop();
  tick(500);
  assert.equal(sockets.length, before + 1);
});

for (const [name, by] of [["back", -hour], ["forward", hour]]) {
  test(`a browser's clock that is set ${name} by an hour costs one connection at most`, () => {
    const { states } = connect();
    sockets[0].receive(snapshot(7));
    pass(20_000, sockets[0], 7);
    set(by);
    tick(6_000);
    assert.ok(sockets.length <= 2);
    sockets.at(-1).receive(snapshot(8));
    pass(20 * 60_000, sockets.at(-1), 8);
    assert.ok(sockets.length <= 2);
    assert.equal(states.at(-1), "live");
  });
}

test("the browser's time of day is not in what is drawn", () => {
  const { overviews } = connect();
  set(-hour);
  sockets[0].receive({ ...snapshot(7), overview: { ...overview(), time: at(0) } });
  assert.equal(overviews[0][0].time, at(0));
  assert.equal(sockets.length, 1);
});

test("frames that come ever later, as through a slow proxy, are not shown as now", () => {
  const { states } = connect();
  sockets[0].receive({ ...snapshot(1), overview: { ...overview(), time: at(0) } });
  sockets[0].receive(changes(1, 1)); // one that does not say when it is of
  for (let n = 2; states.at(-1) === "live" && n < 100; n++) {
    tick(5_000);
    sockets[0].receive(timed(n, n)); // one second of the border in five
  }
  assert.equal(states.at(-1), "lost");
  tick(500);
  assert.equal(sockets.length, 2);
  sockets[1].receive({ ...snapshot(50), overview: { ...overview(), time: at(50) } });
  assert.equal(states.at(-1), "live");
});

test("a server that cannot read its database for minutes, and repeats the time of what it has, keeps its connection", () => {
  const { states } = connect();
  sockets[0].receive({ ...snapshot(1), overview: { ...overview(), time: at(0) } });
  for (let n = 2; n < 30; n++) {
    tick(10_000);
    sockets[0].receive({ ...timed(n, 0), source: "failing" });
  }
  tick(5_000);
  sockets[0].receive(timed(30, 285));
  assert.equal(sockets.length, 1);
  assert.deepEqual([...new Set(states)], ["connecting", "live", "failing"]);
  assert.equal(states.at(-1), "live");
});

test("a server's clock that is set back costs one connection", () => {
  const { states } = connect();
  sockets[0].receive({ ...snapshot(1), overview: { ...overview(), time: at(0) } });
  sockets[0].receive(timed(2, -3600));
  tick(500);
  for (let n = 3; n < 100; n++) {
    tick(5_000);
    sockets.at(-1).receive(timed(n, 5 * n - 3600));
  }
  assert.equal(sockets.length, 2);
  assert.equal(states.at(-1), "live");
});

test("a server that begins again with other data replaces all that is shown", () => {
  const { overviews } = connect();
  sockets[0].receive(snapshot(9000));
  sockets[0].drop();
  tick(500);
  const other = { ...overview(), places: [{ id: "AQINA", inside: { trucks: 1 }, trend: [] }] };
  sockets[1].receive({ ...snapshot(3, "another"), overview: other });
  sockets[1].receive({ ...changes(3, 4, { id: "AQINA", inside: { trucks: 2 } }), stream: "another" });
  assert.deepEqual(overviews.at(-1)[0].places.map((p) => [p.id, p.inside.trucks]), [["AQINA", 2]]);
  assert.equal(overviews.at(-2)[1], null);
  sockets[1].drop();
  tick(1000);
  assert.equal(sockets[2].address.searchParams.get("from"), "4");
});

test("two tabs have a connection each, and the loss of one is not that of the other", () => {
  const [one, two] = [connect(), connect()];
  for (const s of [...sockets]) s.receive(snapshot(7));
  sockets[0].drop();
  tick(500);
  assert.equal(open().length, 2);
  assert.equal(one.states.at(-1), "lost");
  assert.equal(two.states.at(-1), "live");
});

test("a frame of a kind that a later version has is passed over", () => {
  const { states, overviews } = connect();
  sockets[0].receive(snapshot(7));
  sockets[0].receive({ kind: "weather", number: 8, stream: "s", source: "ok" });
  sockets[0].receive({ ...changes(7, 9, { id: "TORKHAM", inside: { trucks: 5, lorries: 5 }, weather: "snow" }), moon: "full" });
  assert.equal(overviews.at(-1)[0].places[0].inside.trucks, 5);
  assert.equal(states.at(-1), "live");
  assert.equal(sockets.length, 1);
});

for (const [name, frame] of [["is not JSON", "<html>"], ["is null", "null"], ["lacks the places", { ...snapshot(8), overview: {} }], ["lacks its changes", { kind: "changes", stream: "s", since: 7, number: 8 }]]) {
  test(`a frame that ${name} is said to be unreadable, and is asked for less and less often`, () => {
    mock.method(Math, "random", () => 1);
    const { states } = connect(() => false, (o) => o.places.length);
    sockets[0].receive(snapshot(7));
    for (let i = 0; i < 600; i++) {
      open().forEach((s) => s.receive(frame));
      if (i === 0) assert.equal(states.at(-1), "unreadable");
      tick(100);
    }
    assert.ok(sockets.length <= 9, `${sockets.length} connections in a minute`);
    sockets.at(-1).receive(snapshot(9));
    assert.equal(states.at(-1) === "live", open().length === 1);
  });
}

test("the page of another version is loaded before its frame is drawn", () => {
  const versions = [];
  const { overviews } = connect((version) => {
    versions.push(version);
    return version === "2";
  });
  sockets[0].receive({ ...snapshot(7), page: "1" });
  sockets[0].drop();
  tick(500);
  sockets[1].receive({ ...snapshot(8), page: "2", overview: {} });
  assert.deepEqual(versions, ["1", "2"]);
  assert.equal(overviews.length, 1);
});
