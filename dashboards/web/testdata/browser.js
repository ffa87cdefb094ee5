// A browser whose sockets, requests and clocks the test makes.
import { afterEach, beforeEach, mock } from "node:test";
import { live } from "../static/live.js";

export let sockets;
export let requests; // [path, answer] of each
let handlers;
let clock; // {steady, wall}: one stands while the machine sleeps, people set the other

class Socket {
  constructor(address) {
    this.address = new URL(address);
    this.state = "open";
    sockets.push(this);
  }
  // close begins the closing handshake; the network decides when it ends.
  close() {
    if (this.state === "open") this.state = "closing";
  }
  drop() {
    if (this.state === "closed") return;
    this.state = "closed";
    this.onclose();
  }
  receive(frame) {
    this.onmessage({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }
}

export const overview = () => ({ trend_hours: 2, places: [{ id: "TORKHAM", inside: { trucks: 4 }, trend: [] }] });
export const snapshot = (number, stream = "s") => ({ kind: "snapshot", number, stream, source: "ok", overview: overview() });
export const changes = (since, number, ...places) => ({ kind: "changes", since, number, stream: "s", source: "ok", time: "t", places });
export const open = () => sockets.filter((s) => s.state === "open");
export const dispatch = (name) => handlers[name]?.forEach((handler) => handler({ type: name }));
export const settled = () => new Promise(setImmediate);

// tick lets time pass, and timers come in it.
export function tick(ms) {
  for (let left = ms; left > 0; left -= 100) {
    const step = Math.min(100, left);
    clock.steady += step;
    clock.wall += step;
    mock.timers.tick(step);
  }
}

// sleep is a machine that sleeps: timers and the steady clock stand.
export const sleep = (ms) => { clock.wall += ms; };
// freeze is a tab that stands while time goes by.
export function freeze(ms) {
  clock.steady += ms;
  clock.wall += ms;
}
// set is somebody who sets the clock.
export const set = (ms) => { clock.wall += ms; };

// pass lets time pass with frames of a healthy server in it, one each 10 s.
export function pass(ms, socket, number) {
  for (let left = ms; left > 0; left -= 10_000) {
    tick(Math.min(10_000, left));
    socket.receive(changes(number, number));
  }
}

// connect makes a page that draws, and returns what it was told.
export function connect(upgraded, draw = () => {}) {
  const seen = { states: [], said: [], overviews: [] };
  live("ws://dwell/live", (o, changed) => {
    draw(o);
    seen.overviews.push([structuredClone(o), changed]);
  }, (state, said) => {
    seen.states.push(state);
    seen.said.push(said);
  }, upgraded);
  return seen;
}

// answer has the server answer requests by path; one that is not named fails as where nobody answers.
export function answer(byPath) {
  globalThis.fetch = async (url, { signal } = {}) => {
    const path = new URL(url).pathname;
    const made = byPath[path];
    requests.push(path);
    if (!made) throw new TypeError("Failed to fetch");
    const response = made();
    if (response) return response;
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
}
export const json = (body, status = 200, type = "application/json") => new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } });
export const problem = (status, detail) => json({ type: "about:blank", title: "no", status, detail }, status, "application/problem+json");

beforeEach(() => {
  [sockets, requests, handlers, clock] = [[], [], {}, { steady: 0, wall: 1.7e12 }];
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => clock.steady);
  mock.method(Date, "now", () => clock.wall);
  mock.method(console, "warn", () => {});
  globalThis.WebSocket = Socket;
  globalThis.document = { hidden: false };
  globalThis.addEventListener = (name, handler) => (handlers[name] ??= []).push(handler);
  answer({});
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});
