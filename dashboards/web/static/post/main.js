// The form for posts without software: the token, the form, the queue and what sends it.
import { say } from "../dom.js";
import { clock as shortTime, duration } from "../format.js";
import { ask } from "./ask.js";
import { Clock } from "./clock.js";
import { eventOf, factOf, retractionOf } from "./event.js";
import { Form } from "./form.js";
import { keep } from "./keep.js";
import { Lists } from "./lists.js";
import { Queue } from "./queue.js";
import { Rights, tokenIn } from "./rights.js";
import { Sender } from "./sender.js";
import { t } from "./strings.js";

const byId = (id) => document.getElementById(id);
for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
document.title = t("title");

// storageOf is the browser's; null where it keeps nothing.
function storageOf() {
  try {
    localStorage.setItem("post/try", "1");
    localStorage.removeItem("post/try");
    return localStorage;
  } catch {
    return null;
  }
}

const storage = storageOf();
if (!storage) {
  say(byId("notice"), t("storage_off"));
  byId("notice").hidden = false;
} else {
  start();
}

function start() {
  const clock = new Clock(storage);
  const queue = new Queue(storage);
  const rights = new Rights({ storage, clock, base: document.baseURI });
  const sender = new Sender({ queue, clock, token: () => rights.token, address: new URL("api/v1/events", document.baseURI), tell: () => draw() });
  const form = new Form({ storage, time: () => clock.time(), record });
  const lists = new Lists({ queue, sender, form, undo, changed: () => draw() });
  let found = ""; // what the server said of the token

  function draw() {
    const known = rights.token && rights.rights;
    const revoked = found === "invalid" || sender.state.kind === "revoked";
    byId("enter").hidden = Boolean(known) && !revoked;
    for (const id of ["connection", "record", "state", "recent"]) byId(id).hidden = !known;
    byId("forget").hidden = !rights.token;
    if (known) form.permit(known, rights.names);
    say(byId("token-of"), known ? t("token_of", { name: known.name }) : "");
    const notice = noticeOf(known, revoked);
    say(byId("notice"), notice);
    byId("notice").hidden = !notice;
    const { ahead, chosen } = clock.known();
    byId("clock-in-use").hidden = chosen?.use !== "server";
    if (chosen?.use === "server") say(byId("clock-in-use"), t("clock_in_use", { difference: duration(Math.abs(ahead) / 1000) }));
    lists.draw();
  }

  // noticeOf is what is wrong with the token.
  function noticeOf(known, revoked) {
    if (revoked) return known ? t("revoked") : t("token_invalid");
    if (found === "off") return t("posting_off");
    return found === "away" && !known ? t("token_unchecked") : "";
  }

  // check asks what the token permits, and sends what waits.
  async function check() {
    if (rights.token) {
      found = await rights.load();
      if (found === "invalid" && !rights.rights) rights.forget();
      draw();
    }
    await sender.send();
  }

  function take(token) {
    rights.take(token);
    found = "";
    sender.set("all_sent");
    return check();
  }

  // record keeps a fact as of the time at which it was pressed, once it is clear which clock is right.
  async function record(name, said, at, pressed = Date.now()) {
    if (clock.question() !== null && !await chosen()) return;
    const recorded = clock.time(pressed);
    if (at > recorded) return form.future(recorded); // by the clock that was chosen
    if (!add(eventOf(name, said, at ?? recorded, recorded))) return;
    say(byId("said"), t("recorded", { truck: said.truck, fact: t(name) }));
    form.next();
  }

  function undo(event) {
    if (add(retractionOf(event, clock.time()))) say(byId("said"), t("retracted", { truck: event.subject, fact: t(factOf(event)) }));
  }

  // add reports whether the browser keeps an event.
  function add(event) {
    try {
      queue.add(event);
    } catch {
      form.wrong(null, t("full"));
      return false;
    }
    draw();
    sender.send();
    return true;
  }

  // chosen resolves with whether one of the clocks was chosen.
  async function chosen() {
    const difference = clock.question();
    const [device, server] = [Date.now(), Date.now() - difference].map((at) => shortTime(at, form.zone()));
    say(byId("clock-text"), t(difference > 0 ? "clock_ahead" : "clock_behind", { difference: duration(Math.abs(difference) / 1000) }));
    say(byId("clock-times"), t("clock_times", { device, server }));
    const use = await ask(byId("clock"));
    if (use) clock.choose(use);
    draw();
    return Boolean(use);
  }

  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("token").value.trim();
    const token = tokenIn(text.replace(/^[^#]*/, "")) ?? text; // somebody may paste the whole link
    byId("token").value = "";
    if (token) take(token);
  });
  byId("forget").addEventListener("click", async () => {
    const waiting = queue.in("waiting").length;
    say(byId("forget-text"), waiting ? t("forget_unsent", { n: waiting }) : t("forget_sure"));
    if (await ask(byId("forgetting")) !== "forget") return;
    rights.forget();
    queue.forget();
    found = "";
    draw();
  });

  function fromAddress() {
    const token = tokenIn(location.hash);
    if (!token) return false;
    history.replaceState(null, "", location.pathname + location.search);
    take(token);
    return true;
  }
  addEventListener("hashchange", fromAddress);
  addEventListener("online", check);
  addEventListener("storage", draw);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) check(); });

  draw();
  if (!fromAddress()) check();
  keep().then((why) => {
    say(byId("unkept"), why);
    byId("unkept").hidden = !why;
    if (!why) say(byId("kept"), t("kept"));
  });
}
