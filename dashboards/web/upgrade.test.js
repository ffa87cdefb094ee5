// A page whose server is of another version.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Upgrade } from "./static/upgrade.js";

let kept; // in the sessionStorage of the tab
let handlers;
let loads;
let told;
let now;
const page = (own) => new Upgrade(own, () => told++);

beforeEach(() => {
  [kept, handlers, loads, told, now] = [new Map(), {}, 0, 0, 1e6];
  performance.now = () => now;
  globalThis.sessionStorage = { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v) };
  globalThis.location = { reload: () => loads++ };
  globalThis.document = { activeElement: null };
  globalThis.addEventListener = (name, handler) => { handlers[name] = handler; };
});

test("a page of the server's version stays", () => {
  assert.equal(page("1").check("1"), false);
  for (const nothing of [undefined, null, "", 2, [], {}]) assert.equal(page("1").check(nothing), false);
  assert.equal(loads, 0);
});

for (const version of ["2", "0"]) {
  test(`after an upgrade or downgrade to ${version} the page is loaded once`, () => {
    const one = page("1");
    assert.equal(one.check(version), true);
    assert.equal(one.check(version), true); // the next frame, before the browser has loaded it
    assert.equal(loads, 1);
    assert.equal(page(version).check(version), false);
    assert.deepEqual([loads, told], [1, 0]);
  });
}

test("two versions behind one address make no loop, and the page says that it should be loaded", () => {
  for (let i = 0; i < 50; i++) {
    page("1").check("2");
    page("2").check("1");
  }
  assert.equal(loads, 2);
  assert.ok(told > 0);
});

test("nothing is loaded while somebody types, and once nobody does the next frame loads", () => {
  const one = page("1");
  handlers.keydown();
  assert.equal(one.check("2"), false);
  now += 31_000;
  document.activeElement = { matches: (selector) => selector.includes("textarea") };
  assert.equal(one.check(undefined), false);
  assert.equal(loads, 0);
  document.activeElement = null;
  assert.equal(one.check(undefined), true);
  assert.equal(loads, 1);
});

test("a server that is its old self again before the page was loaded changes nothing", () => {
  const one = page("1");
  handlers.keydown();
  one.check("2");
  now += 31_000;
  assert.equal(one.check("1"), false);
  assert.equal(one.check(undefined), false);
  assert.equal(loads, 0);
});

test("a browser that blocks site data cannot remember, so the page says that it should be loaded", () => {
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, get() { throw new Error("denied"); } });
  assert.equal(page("1").check("2"), false);
  assert.deepEqual([loads, told], [0, 1]);
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, writable: true, value: null });
});

test("a storage that keeps nothing makes no loop", () => {
  globalThis.sessionStorage = { getItem: () => null, setItem: () => {} };
  for (let i = 0; i < 5; i++) page("1").check("2");
  assert.equal(loads, 0);
});
