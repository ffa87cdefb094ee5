// The page where no websocket can be opened.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { answer, changes, connect, json, open, overview, problem, requests, settled, sleep, snapshot, sockets, tick } from "./testdata/browser.js";

const path = "/api/v1/overview";
const asked = () => requests.filter((p) => p === path).length;
const refuse = () => open().forEach((s) => s.drop());

// polls passes time in which a proxy refuses each websocket.
async function polls(ms) {
  for (let left = ms; left > 0; left -= 500) {
    refuse();
    await settled();
    tick(500);
    await settled();
  }
}

for (const [name, live, reason] of [
  ["of a problem document", () => problem(403, 'origin "https://b.example" is not known here'), 'origin "https://b.example" is not known here'],
  ["of a page of a proxy", () => new Response("<html>", { status: 502, headers: { "Content-Type": "text/html" } }), "HTTP 502"],
  ["of a problem document that is cut off", () => new Response('{"det', { status: 403, headers: { "Content-Type": "application/problem+json" } }), "HTTP 403"],
  ["that nobody gives", null, ""],
]) {
  test(`a refused websocket makes the page ask every 5 s, with the reason ${name}`, async () => {
    answer({ [path]: () => json(overview()), "/live": live });
    const { states, said, overviews } = connect();
    await polls(60_000);
    assert.equal(states.at(-1), "polling");
    assert.equal(said.at(-1).reason, reason);
    assert.ok(asked() >= 10 && asked() <= 13, `${asked()} in a minute`);
    assert.equal(overviews.length, asked());
    assert.equal(requests.filter((p) => p === "/live").length, 1);
    assert.ok(sockets.length <= 6, `${sockets.length} attempts in a minute`);
  });
}

test("a websocket that can be opened after all ends the asking", async () => {
  answer({ [path]: () => json(overview()), "/live": () => problem(403, "no") });
  const { states } = connect();
  await polls(10_000);
  for (let i = 0; i < 60 && !open().length; i++) tick(1000);
  await settled();
  assert.equal(sockets.at(-1).address.search, "");
  sockets.at(-1).receive(snapshot(7));
  assert.equal(states.at(-1), "live");
  const before = asked();
  sockets.at(-1).receive(changes(7, 8, { id: "TORKHAM", inside: { trucks: 5 } }));
  tick(9_000);
  await settled();
  assert.equal(asked(), before);
});

test("a proxy that swallows the handshake is not waited for longer than 10 s", async () => {
  answer({ [path]: () => json(overview()), "/live": () => problem(426, "no upgrade") });
  const { states } = connect();
  tick(10_000);
  await settled();
  assert.equal(states.at(-1), "polling");
});

test("numbers are not shown as now once an answer fails, and come back", async () => {
  let up = true;
  answer({ [path]: () => up ? json(overview()) : problem(503, "the store cannot be read"), "/live": () => problem(403, "no") });
  const { states } = connect();
  await polls(20_000);
  up = false;
  await polls(6_000);
  assert.equal(states.at(-1), "lost");
  up = true;
  await polls(31_000);
  assert.equal(states.at(-1), "polling");
});

test("a server that is away is not asked more often than a websocket is tried", async () => {
  mock.method(Math, "random", () => 1);
  const { states } = connect();
  await polls(120_000);
  assert.equal(states.at(-1), "lost");
  assert.ok(asked() <= sockets.length && sockets.length <= 10, `${asked()} requests, ${sockets.length} attempts`);
});

test("an answer that never comes is given up, and does not pile up", async () => {
  answer({ [path]: () => null });
  const { states } = connect();
  await polls(300_000);
  assert.ok(asked() <= 10, `${asked()} requests in five minutes`);
  assert.equal(states.at(-1), "lost");
});

test("numbers that were asked for before a sleep are not shown as now", async () => {
  answer({ [path]: () => json(overview()), "/live": () => problem(403, "no") });
  const { states } = connect();
  await polls(10_000);
  sleep(3600_000);
  tick(5_000);
  assert.equal(states.at(-1), "lost");
  await polls(10_000);
  assert.equal(states.at(-1), "polling");
});

test("an overview that the page cannot draw is said to be unreadable, and is asked for less and less often", async () => {
  mock.method(Math, "random", () => 1);
  answer({ [path]: () => json({}), "/live": () => problem(403, "no") });
  const { states } = connect(() => false, (o) => o.places.length);
  await polls(60_000);
  assert.ok(states.includes("unreadable"));
  assert.ok(asked() <= 9, `${asked()} in a minute`);
});

test("the version of the page comes with an answer", async () => {
  answer({ [path]: () => new Response(JSON.stringify(overview()), { headers: { "Dwell-Page": "2" } }), "/live": () => problem(403, "no") });
  const versions = [];
  connect((version) => { versions.push(version); return false; });
  await polls(1_000);
  assert.deepEqual(versions, ["2"]);
});
