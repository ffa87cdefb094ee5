// Loading the detail of a place again and again from a server that may be slow.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Refresh } from "./static/refresh.js";

const every = 15_000;
let loads;
let shown;
let failed;
let refresh;
const settled = () => new Promise(setImmediate);

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  [loads, shown, failed] = [[], [], []];
  refresh = new Refresh(every, (signal) => new Promise((answer, reject) => {
    loads.push({ signal, answer });
    signal.addEventListener("abort", () => reject(signal.reason));
  }), (answer) => shown.push(answer), (error) => failed.push(error.message));
});

afterEach(() => mock.timers.reset());

test("a server slower than the interval gets one request at a time, and its answer is shown", async () => {
  refresh.now();
  mock.timers.tick(2 * every);
  assert.equal(loads.length, 1);
  loads[0].answer("24 h");
  await settled();
  assert.deepEqual(shown, ["24 h"]);
  mock.timers.tick(every);
  assert.equal(loads.length, 2);
});

test("another range aborts the load of the one before, whose answer is dropped", async () => {
  refresh.now();
  refresh.now();
  assert.equal(loads[0].signal.aborted, true);
  loads[1].answer("7 days");
  await settled();
  loads[0].answer("24 h");
  await settled();
  assert.deepEqual(shown, ["7 days"]);
  assert.deepEqual(failed, []);
  mock.timers.tick(every);
  assert.equal(loads.length, 3);
});

test("a closed detail loads nothing more and shows nothing more", async () => {
  refresh.now();
  refresh.stop();
  loads[0].answer("24 h");
  await settled();
  mock.timers.tick(10 * every);
  assert.equal(loads.length, 1);
  assert.deepEqual([shown, failed], [[], []]);
});

test("a load without a response fails after a minute, and the next one follows", async () => {
  refresh.now();
  mock.timers.tick(60_000);
  await settled();
  assert.deepEqual(failed, ["no response within 60 s"]);
  mock.timers.tick(every);
  assert.equal(loads.length, 2);
});
