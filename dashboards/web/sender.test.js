// How the form sends what waits, and what it does where that fails.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Clock } from "./static/post/clock.js";
import { eventOf } from "./static/post/event.js";
import { Queue } from "./static/post/queue.js";
import { Sender } from "./static/post/sender.js";
import { storage } from "./testdata/storage.js";

const noon = Date.parse("2026-01-05T12:00:00Z");
let queue; // of a phone at the gate
let sender;
let answers; // of the server, in turn; where there are none, nobody answers
let bodies; // ids of the events of each request
let states;
let token;

const json = (body, status = 200, headers = {}) => () => new Response(JSON.stringify(body), { status, headers });
const receipt = (events, refusals = [], status = 200) => json({ status, events, taken: events - refusals.length, duplicates: 0, refused: refusals.length, refusals }, status);
const record = (...ids) => { for (const id of ids) queue.add(eventOf("arrived", { source: "/gate", bcp: "B", direction: "inbound", truck: id }, noon, noon, id)); };
const ids = (state) => queue.in(state).map((entry) => entry.event.id);
const settle = async () => { for (let i = 0; i < 20; i++) await Promise.resolve(); };
async function pass(ms) {
  mock.timers.tick(ms);
  await settle();
}

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: noon });
  const kept = storage();
  [queue, answers, bodies, states, token] = [new Queue(kept), [], [], [], "dwell_x"];
  sender = new Sender({ queue, clock: new Clock(kept), token: () => token, address: "http://dwell/api/v1/events", tell: () => states.push(sender.state.kind), lock: (task) => task() });
  globalThis.fetch = async (_, { body, headers }) => {
    assert.equal(headers.Authorization, `Bearer ${token}`);
    bodies.push(body.split("\n").map((line) => JSON.parse(line).id));
    const answer = answers.shift();
    if (!answer) throw new TypeError("Failed to fetch");
    return answer();
  };
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test("what waits is sent in its order, a hundred at once, and once", async () => {
  const all = Array.from({ length: 103 }, (_, i) => `e${i}`);
  record(...all);
  answers = [receipt(100), receipt(3)];
  await sender.send();
  await sender.send();
  assert.deepEqual(bodies, [all.slice(0, 100), all.slice(100)]);
  assert.deepEqual([ids("waiting"), sender.state.kind, queue.lastSent], [[], "all_sent", noon]);
});

test("an event that is recorded while others are on their way follows them", async () => {
  record("1");
  answers = [() => {
    record("2");
    return receipt(1)();
  }, receipt(1)];
  await sender.send();
  assert.deepEqual([bodies, ids("waiting")], [[["1"], ["2"]], []]);
});

test("a refused event leaves the queue with its reason, and those beside it are sent", async () => {
  record("1", "2", "3");
  answers = [receipt(3, [{ index: 1, reason: "future_time", detail: "future_time: time 2099" }], 207)];
  await sender.send();
  assert.deepEqual([ids("sent"), ids("waiting")], [["1", "3"], []]);
  assert.deepEqual(queue.in("refused").map((e) => [e.event.id, e.reason, e.detail]), [["2", "future_time", "future_time: time 2099"]]);
});

test("where the token permits none of the events, all are refused", async () => {
  record("1");
  answers = [receipt(1, [{ index: 0, reason: "not_permitted", detail: "source" }], 403)];
  await sender.send();
  assert.deepEqual([ids("refused"), ids("waiting"), sender.state.kind], [["1"], [], "all_sent"]);
});

test("without a network it tries again after 2 s, 4 s, up to a minute, and at once when asked", async () => {
  record("1");
  await sender.send();
  assert.deepEqual([sender.state, ids("waiting")], [{ kind: "later", why: "The server cannot be reached.", at: noon + 2000 }, ["1"]]);
  for (const [seconds, requests] of [[1, 1], [1, 2], [3, 2], [1, 3], [8, 4], [16, 5], [32, 6], [59, 6], [1, 7], [60, 8]]) {
    await pass(seconds * 1000);
    assert.equal(bodies.length, requests);
  }
  answers = [receipt(1)];
  await sender.send();
  assert.deepEqual([bodies.length, ids("waiting")], [9, []]);
  await pass(600_000);
  assert.equal(bodies.length, 9);
});

test("a server that is busy is not asked before its time, not even by hand", async () => {
  for (const status of [429, 503]) {
    record(`e${status}`);
    answers = [json({ detail: "too much" }, status, { "Retry-After": "90" })];
    const before = bodies.length;
    await sender.send();
    assert.deepEqual([sender.state.kind, sender.state.why, sender.state.at - Date.now()], ["later", "too much", 90_000]);
    await pass(89_000);
    await sender.send();
    assert.equal(bodies.length, before + 1);
    answers = [receipt(1)];
    await pass(1000);
    assert.deepEqual([bodies.length, ids("waiting")], [before + 2, []]);
  }
});

test("a server asks for ten minutes at most, and a clock that is set back makes them no longer", async () => {
  record("1");
  answers = [json({}, 503, { "Retry-After": "86400" })];
  await sender.send();
  assert.equal(sender.state.at - Date.now(), 600_000);
  answers = [receipt(1)];
  mock.timers.setTime(noon - 3_600_000);
  await sender.send();
  assert.deepEqual([bodies.length, ids("waiting")], [2, []]);
});

test("a revoked token keeps the queue, and the next token sends it", async () => {
  record("1");
  answers = [json({ title: "the token is not valid" }, 401)];
  await sender.send();
  assert.deepEqual([sender.state.kind, ids("waiting")], ["revoked", ["1"]]);
  await pass(600_000);
  assert.equal(bodies.length, 1);
  token = null;
  await sender.send();
  assert.equal(bodies.length, 1);
  [token, answers] = ["dwell_y", [receipt(1)]];
  await sender.send();
  assert.deepEqual(ids("waiting"), []);
});

test("only a receipt of as many events takes them out of the queue", async () => {
  record("1", "2");
  for (const answer of [
    () => new Response("<h1>Welcome to the hotel</h1>", { status: 200 }), json({}), json(null), receipt(1), receipt(3), receipt(2, [{ index: 2, reason: "x" }]), receipt(2, [{ index: 0.5, reason: "x" }]),
    json({ events: 2, taken: 1, duplicates: 0, refused: 0, refusals: [] }), json({ events: 2, taken: 1, duplicates: 0, refused: 1, refusals: [] }),
    json({ title: "no" }, 403), json({ title: "no" }, 400), json({ title: "no" }, 500), receipt(2, [], 404),
  ]) {
    answers = [answer];
    await sender.send();
    assert.deepEqual([ids("waiting"), sender.state.kind], [["1", "2"], "later"]);
  }
  assert.equal(bodies.length, 13);
});

test("another tab that sends is waited for", async () => {
  record("1");
  let held = true;
  sender.lock = (task) => (held ? false : task());
  await sender.send();
  assert.deepEqual([bodies.length, sender.state.kind], [0, "later"]);
  [held, answers] = [false, [receipt(1)]];
  await pass(2000);
  assert.deepEqual([bodies.length, ids("waiting")], [1, []]);
});
