// The form for posts without software: its queue, its clock, its times and its events.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Clock } from "./static/post/clock.js";
import { eventOf, factOf, facts, kinds, newId, results, retractedBy, retractionOf } from "./static/post/event.js";
import { Queue } from "./static/post/queue.js";
import { tokenIn } from "./static/post/rights.js";
import { codeText, nameIn, t } from "./static/post/strings.js";
import { instantIn, localIn } from "./static/post/zone.js";
import { storage } from "./testdata/storage.js";

const folder = new URL("static/", import.meta.url);
const read = (name) => readFileSync(new URL(name, folder), "utf8");
const minutes = (n) => n * 60_000;
const noon = Date.parse("2026-01-05T12:00:00Z");
const said = { source: "/gate", bcp: "AF-NAN-TORKHAM", direction: "inbound", truck: "T1", agency: "customs", kind: "scan", result: "conformant" };
const arrival = (id, truck = "T1") => eventOf("arrived", { ...said, truck }, noon, noon, id);

test("a fact is a CloudEvent with the data of its type and no other", () => {
  assert.deepEqual(eventOf("done", said, noon - minutes(5), noon, "1"), {
    specversion: "1.0", id: "1", source: "/gate", type: "dwell.inspection.completed.v1", subject: "T1", time: "2026-01-05T11:55:00.000Z", recordedtime: "2026-01-05T12:00:00.000Z",
    data: { bcp: "AF-NAN-TORKHAM", direction: "inbound", agency: "customs", kind: "scan", result: "conformant" },
  });
  assert.deepEqual(arrival("2").data, { bcp: "AF-NAN-TORKHAM", direction: "inbound" });
  const back = retractionOf(arrival("2"), noon + minutes(1), "3");
  assert.deepEqual(back, {
    specversion: "1.0", id: "3", source: "/gate", type: "dwell.event.retracted.v1", subject: "T1", time: "2026-01-05T12:00:00.000Z", recordedtime: "2026-01-05T12:01:00.000Z",
    data: { bcp: "AF-NAN-TORKHAM", id: "2", source: "/gate", time: "2026-01-05T12:00:00.000Z" },
  });
  assert.deepEqual([factOf(back), retractedBy(back), factOf(arrival("2")), retractedBy(arrival("2"))], [undefined, "2", "arrived", undefined]);
});

test("an id is a random UUID on a page that is not secure, too", () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const ids = Array.from({ length: 100 }, () => newId({ getRandomValues: (bytes) => crypto.getRandomValues(bytes) }));
  for (const id of [newId(), ...ids]) assert.match(id, uuid);
  assert.equal(new Set(ids).size, 100);
});

test("what is recorded keeps its order when the clock is set back, and across tabs and a reload", () => {
  const kept = storage();
  let now = noon;
  const [one, other] = [new Queue(kept, () => now), new Queue(kept, () => now)];
  one.add(arrival("z"));
  now -= minutes(60);
  other.add(arrival("b"));
  one.add(arrival("a"));
  assert.deepEqual(new Queue(kept).in("waiting").map((e) => e.event.id), ["z", "b", "a"]);
});

test("two tabs that settle and add at once lose nothing", () => {
  const kept = storage();
  const [one, other] = [new Queue(kept, () => noon), new Queue(kept, () => noon)];
  one.add(arrival("1"));
  const [entry] = one.in("waiting");
  other.add(arrival("2"));
  one.sent(entry);
  assert.deepEqual([other.in("sent"), other.in("waiting")].map((all) => all.map((e) => e.event.id)), [["1"], ["2"]]);
});

test("a full browser says so, and keeps what it has", () => {
  const queue = new Queue(storage(500), () => noon);
  queue.add(arrival("1"));
  assert.throws(() => queue.add(arrival("2")), /quota/);
  assert.deepEqual(queue.all().map((e) => e.event.id), ["1"]);
});

test("the last ten facts are remembered, with what was taken back; what waits or was refused is never forgotten", () => {
  const queue = new Queue(storage(), () => noon);
  for (let i = 0; i < 13; i++) queue.add(arrival(`e${i}`));
  for (const i of [0, 11]) queue.add(retractionOf(arrival(`e${i}`), noon, `r${i}`));
  queue.add(arrival("bad"));
  const all = queue.in("waiting");
  queue.refused(all.at(-1), "not_permitted", "source");
  for (const entry of all.slice(0, -1)) if (entry.event.id !== "e1") queue.sent(entry);
  queue.settled(noon);
  assert.deepEqual(queue.recent().map((e) => e.event.id + (e.undone ? " undone" : "")), ["e12", "e11 undone", "e10", "e9", "e8", "e7", "e6", "e5", "e4", "e3"]);
  assert.deepEqual(queue.all().map((e) => e.event.id), ["e1", "e3", "e4", "e5", "e6", "e7", "e8", "e9", "e10", "e11", "e12", "r11", "bad"]);
  queue.forget();
  assert.deepEqual(queue.all().map((e) => [e.event.id, e.state]), [["e1", "waiting"], ["bad", "refused"]]);
  assert.equal(queue.lastSent, null);
});

test("a clock that is off by two minutes or less is right; beyond that the clerk is asked, once for each difference", () => {
  let now = noon;
  const clock = new Clock(storage(), () => now);
  const heard = (ahead) => clock.heard(new Date(now + ahead).toUTCString(), now - 400, now + 600); // the header has lost up to a second
  assert.equal(clock.question(), null); // nothing was heard yet
  heard(minutes(2) - 1000);
  assert.equal(clock.question(), null);
  assert.equal(clock.time(), noon);

  heard(minutes(-10));
  assert.equal(clock.question(), minutes(10) - 400);
  assert.equal(clock.time(), noon); // until something is chosen
  clock.choose("server");
  assert.equal(clock.question(), null);
  assert.equal(clock.time(), noon - minutes(10) + 400);
  assert.equal(clock.time(noon - 5000), noon - minutes(10) + 400 - 5000);
  heard(minutes(-11)); // it drifts
  assert.equal(clock.question(), null);
  assert.equal(clock.time(), noon - minutes(11) + 400);

  heard(minutes(9)); // somebody set it
  assert.equal(clock.question(), -minutes(9) - 400);
  clock.choose("device");
  assert.equal(clock.question(), null);
  assert.equal(clock.time(), noon);
  now += minutes(600); // without a network, the last difference holds
  assert.equal(clock.question(), null);
  heard(0); // the clock was put right
  heard(minutes(9));
  assert.equal(clock.question(), -minutes(9) - 400);
});

test("an answer without a date, or that took too long, says nothing of the clock", () => {
  const clock = new Clock(storage(), () => noon);
  clock.heard(null, noon, noon);
  clock.heard(new Date(0).toUTCString(), noon - minutes(3), noon);
  clock.heard(new Date(0).toUTCString(), noon, noon - 1); // the clock was set meanwhile
  assert.deepEqual(clock.known(), {});
});

test("times are those of the place, whatever zone the device has", () => {
  assert.equal(localIn("Asia/Kabul", noon), "2026-01-05T16:30");
  assert.equal(instantIn("Asia/Kabul", "2026-01-05T16:30"), noon);
  assert.equal(localIn("Europe/Warsaw", Date.parse("2026-03-29T00:59:00Z")), "2026-03-29T01:59");
  assert.equal(instantIn("Europe/Warsaw", "2026-03-29T02:30"), NaN); // clocks skip it
  assert.equal(instantIn("Europe/Warsaw", "2026-03-29T03:00"), Date.parse("2026-03-29T01:00:00Z"));
  assert.equal(instantIn("Europe/Warsaw", "2026-10-25T02:30"), Date.parse("2026-10-25T00:30:00Z")); // the first of two
  for (const nothing of ["", "soon", "2026-02-30T10:00"]) assert.equal(instantIn("Asia/Kabul", nothing), NaN, nothing);
});

test("a link has the token", () => {
  assert.equal(tokenIn("#token=dwell_a-b_C"), "dwell_a-b_C");
  for (const hash of ["", "#", "#token=", "#/place/X", "#token"]) assert.equal(tokenIn(hash), null, hash);
});

test("names are in a language of the browser, and in English otherwise", () => {
  const names = { en: "Torkham", fa: "تورخم" };
  assert.deepEqual(nameIn(names, ["ps-AF", "fa-AF", "en"]), ["تورخم", "fa"]);
  assert.deepEqual(nameIn(names, ["pl"]), ["Torkham", "en"]);
});

test("every key that the form uses has words, and no word is left over", () => {
  const modules = readdirSync(new URL("post/", folder)).filter((name) => name !== "strings.js").map((name) => read(`post/${name}`));
  const used = new Set([
    ...modules.flatMap((text) => [...text.matchAll(/\bt\((?:[^"()]*\? )?"(\w+)"(?: : "(\w+)")?/g)].flatMap((match) => match.slice(1).filter(Boolean))),
    ...[...read("post.html").matchAll(/data-t="(\w+)"/g)].map((match) => match[1]),
    ...Object.keys(facts), ...kinds, ...results, "state_waiting", "state_sent", "all_sent", "sending", "later",
  ]);
  for (const key of used) assert.equal(typeof t(key), "string", key);
  const reasons = ["not_permitted", "future_time", "too_old", "unknown_bcp", "unknown_agency", "conflicting_event", "invalid_field", "missing_field"];
  const words = [...read("post/strings.js").split("const languages")[0].matchAll(/(?<=[{,]\s|^\s+)(\w+): ["]/gm)].map((match) => match[1]);
  assert.deepEqual(words.filter((key) => !used.has(key) && !reasons.includes(key)), []);
  assert.equal(codeText("subject_mismatch"), "subject mismatch");
});

test("the worker keeps exactly the files that the form loads", () => {
  const loaded = new Set(["post"]);
  const add = (name) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    if (!name.endsWith(".js")) return;
    for (const [, path] of read(name).matchAll(/^import .* from "(.+)";$/gm)) add(new URL(path, `http://x/${name}`).pathname.slice(1));
  };
  for (const [, name] of read("post.html").matchAll(/<(?:link|script) [^>]*(?:href|src)="([^"]+)"/g)) add(name);
  const kept = [...read("post_worker.js").match(/const files = \[([^\]]*)\]/)[1].matchAll(/"([^"]+)"/g)].map((match) => match[1]);
  assert.deepEqual(kept.toSorted(), [...loaded].sort());
});
