// The page's connection, with sockets and a browser's events that the test makes itself.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { live, merge } from "./static/live.js";

let sockets;
let online;

class Socket {
  constructor(address) {
    this.address = new URL(address);
    this.open = true;
    sockets.push(this);
  }
  close() {
    if (!this.open) return;
    this.open = false;
    this.onclose();
  }
  receive(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

const snapshot = { kind: "snapshot", number: 7, stream: "s", source: "ok", board: { bcps: [] } };
const open = () => sockets.filter((s) => s.open).length;

beforeEach(() => {
  sockets = [];
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.WebSocket = Socket;
  globalThis.addEventListener = (name, handler) => {
    assert.equal(name, "online");
    online = handler;
  };
});

afterEach(() => mock.timers.reset());

test("a page opens one socket", () => {
  live("ws://dwell/live", () => {}, () => {});
  online();
  mock.timers.tick(30_000);
  assert.equal(open(), 1);
});

test("online events after a reconnect open no further socket", () => {
  live("ws://dwell/live", () => {}, () => {});
  sockets[0].close();
  mock.timers.tick(30_000);
  assert.equal(open(), 1);
  for (let i = 0; i < 20; i++) online();
  assert.equal(open(), 1);
  assert.equal(sockets.length, 2);
});

test("an online event replaces the pending attempt", () => {
  live("ws://dwell/live", () => {}, () => {});
  sockets[0].close();
  online();
  assert.equal(open(), 1);
  mock.timers.tick(30_000);
  assert.equal(open(), 1);
  assert.equal(sockets.length, 2);
});

test("a lost connection resumes after the last frame", () => {
  const states = [];
  live("ws://dwell/live", () => {}, (state) => states.push(state));
  sockets[0].receive(snapshot);
  sockets[0].close();
  online();
  assert.equal(sockets[1].address.searchParams.get("from"), "7");
  assert.equal(sockets[1].address.searchParams.get("stream"), "s");
  assert.deepEqual(states, ["connecting", "live", "lost"]);
});

test("a connection without frames is closed and opened again", () => {
  live("ws://dwell/live", () => {}, () => {});
  mock.timers.tick(35_000);
  assert.equal(sockets[0].open, false);
  mock.timers.tick(500);
  assert.equal(open(), 1);
});

test("merge replaces changed hours and keeps an unknown number null", () => {
  const hours = (first, n) => Array.from({ length: n }, (_, i) => ({ start: String(first + i), n: i }));
  const board = { trend_hours: 3, bcps: [{ id: "TORKHAM", inside: { trucks: 4 }, trend: hours(1, 3) }, { id: "AQINA" }] };
  const touched = merge(board, {
    time: "t", bcps: [{ id: "TORKHAM", inside: { trucks: null }, trend: [{ start: "3", n: 9 }, { start: "4", n: null }] }],
  });
  assert.deepEqual([...touched], ["TORKHAM"]);
  assert.equal(board.bcps[0].inside.trucks, null);
  assert.deepEqual(board.bcps[0].trend, [{ start: "2", n: 1 }, { start: "3", n: 9 }, { start: "4", n: null }]);
});
