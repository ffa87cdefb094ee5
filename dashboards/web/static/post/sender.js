// Sending what waits, in its order. An entry leaves the queue when the server's receipt says what became of it, and stays in every other
// case: to send it twice changes nothing, as its id is the same.
import { t } from "./strings.js";

const atOnce = 100; // events of a request
const longest = 60_000; // ms for an answer, which comes when all is safe
const [first, most] = [2_000, 60_000]; // ms between two attempts
const mostAsked = 600_000; // ms that a server may ask for

// alone runs a task unless another tab runs one; where the browser has no locks, two tabs may send the same, which is harmless.
export const alone = (task) => (navigator.locks ? navigator.locks.request("post", { ifAvailable: true }, (lock) => (lock ? task() : false)) : task());

// receiptOf is the body of an answer if it says what became of so many events. A network that asks for a sign-in answers with a page.
function receiptOf(body, events) {
  const { taken, duplicates, refused, refusals } = body ?? {};
  if (taken + duplicates + refused !== events || !Array.isArray(refusals) || refusals.length !== refused) return null;
  return refusals.every(({ index }) => Number.isInteger(index) && index >= 0 && index < events) ? body : null;
}

// Sender has a state: all_sent, sending, later (why says the reason, and at when it tries again) or revoked.
export class Sender {
  constructor({ queue, clock, token, address, tell, lock = alone }) {
    Object.assign(this, { queue, clock, token, address, tell, lock });
    this.failures = 0;
    this.closed = [0, 0]; // from when until when the server asked for nothing
    this.busy = false;
    this.state = { kind: "all_sent" };
  }

  set(kind, more = {}) {
    this.state = { kind, ...more };
    this.tell();
  }

  // send sends what waits, and goes on while anything does. A failure is tried again later, and at the next call, but never before the
  // server's Retry-After.
  async send() {
    if (this.busy || !this.token() || this.shut()) return;
    clearTimeout(this.timer);
    this.busy = true;
    try {
      if (await this.lock(() => this.drain()) === false) this.again(first, t("other_tab"));
    } catch (error) {
      this.later(String(error.message ?? error));
    } finally {
      this.busy = false;
    }
    if (this.state.kind === "all_sent" && this.queue.in("waiting").length) await this.send(); // recorded at the last moment
  }

  // shut reports whether the server asked to be left alone now. Somebody may have set the clock back.
  shut() {
    const [from, until] = this.closed;
    return Date.now() >= from && Date.now() < until;
  }

  async drain() {
    for (;;) {
      const entries = this.queue.in("waiting").slice(0, atOnce);
      if (!entries.length) return this.set("all_sent");
      this.set("sending");
      if (!await this.post(entries)) return true;
    }
  }

  // post reports whether the entries have left the queue.
  async post(entries) {
    const began = Date.now();
    let response;
    let text;
    try {
      response = await fetch(this.address, {
        method: "POST", redirect: "error", signal: AbortSignal.timeout(longest),
        headers: { Authorization: `Bearer ${this.token()}`, "Content-Type": "application/x-ndjson" },
        body: entries.map((entry) => JSON.stringify(entry.event)).join("\n"),
      });
      this.clock.heard(response.headers.get("Date"), began, Date.now());
      text = await response.text();
    } catch {
      return this.later(t("no_network"));
    }
    const body = parse(text);
    if (response.status === 401) {
      this.set("revoked");
      return false;
    }
    const receipt = receiptOf(body, entries.length);
    if (!receipt || ![200, 207, 403].includes(response.status)) return this.later(body?.detail ?? body?.title ?? t("no_receipt", { status: response.status }), response.headers.get("Retry-After"));
    const refusals = new Map(receipt.refusals.map((refusal) => [refusal.index, refusal]));
    entries.forEach((entry, index) => {
      const refusal = refusals.get(index);
      if (refusal) this.queue.refused(entry, refusal.reason, refusal.detail);
      else this.queue.sent(entry);
    });
    this.queue.settled(this.clock.time());
    this.failures = 0;
    return true;
  }

  // later tries again after the seconds that the server asked for, or after twice the last pause.
  later(why, seconds = null) {
    const asked = Math.min(mostAsked, Number.parseInt(seconds, 10) * 1000);
    if (asked > 0) this.closed = [Date.now(), Date.now() + asked];
    this.again(asked > 0 ? asked : Math.min(most, first * 2 ** this.failures++), why);
    return false;
  }

  again(pause, why) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), pause);
    this.set("later", { why, at: Date.now() + pause });
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
