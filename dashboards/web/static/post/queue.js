// What was recorded in this browser, and whether it is waiting, sent or refused. Each entry has a key of its own in the browser's storage,
// and changes by one write: two tabs never overwrite each other's entries, and one that is closed loses none.
import { factOf, retractedBy } from "./event.js";

const prefix = "post/entry/";
const lastSent = "post/last-sent";
const shown = 10; // how many facts are remembered once they are sent

const keyOf = ({ number, event }) => `${prefix}${String(number).padStart(16, "0")}-${event.id}`;

export class Queue {
  constructor(storage, wall = Date.now) {
    Object.assign(this, { storage, wall });
  }

  // all are the entries in the order in which they were recorded, which is that of their numbers, whatever becomes of the clock.
  all() {
    const keys = Array.from({ length: this.storage.length }, (_, i) => this.storage.key(i)).filter((key) => key?.startsWith(prefix));
    return keys.sort().map((key) => JSON.parse(this.storage.getItem(key))).filter((entry) => entry !== null);
  }

  in(state) {
    return this.all().filter((entry) => entry.state === state);
  }

  // add throws where the browser keeps nothing more.
  add(event) {
    const last = this.all().at(-1)?.number ?? 0;
    this.put({ number: Math.max(this.wall(), last + 1), event, state: "waiting" });
  }

  put(entry) {
    this.storage.setItem(keyOf(entry), JSON.stringify(entry));
  }

  sent(entry) {
    this.put({ ...entry, state: "sent" });
  }

  // refused keeps an entry with the reason, its code and a detail, until it is dismissed.
  refused(entry, reason, detail) {
    this.put({ ...entry, state: "refused", reason, detail });
  }

  dismiss(entry) {
    this.storage.removeItem(keyOf(entry));
  }

  // recent are the last facts that were not refused, the newest first, each with whether it was taken back.
  recent() {
    const known = this.all().filter((entry) => entry.state !== "refused");
    const undone = new Set(known.map((entry) => retractedBy(entry.event)));
    return known.filter((entry) => factOf(entry.event)).slice(-shown).reverse().map((entry) => ({ ...entry, undone: undone.has(entry.event.id) }));
  }

  // lastSent is when something left the queue last, in ms; null before.
  get lastSent() {
    return JSON.parse(this.storage.getItem(lastSent) ?? "null");
  }

  // settled says that entries have left the queue, and forgets what was sent but for the recent facts and their retractions.
  settled(at) {
    this.storage.setItem(lastSent, JSON.stringify(at));
    const kept = new Set(this.recent().map((entry) => entry.event.id));
    for (const entry of this.in("sent")) {
      if (!kept.has(retractedBy(entry.event) ?? entry.event.id)) this.dismiss(entry);
    }
  }

  // forget forgets all that was sent.
  forget() {
    this.storage.removeItem(lastSent);
    for (const entry of this.in("sent")) this.dismiss(entry);
  }
}
