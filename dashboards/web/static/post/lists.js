// What the form says of its queue: how much waits, what was refused, and what was recorded last.
import { el, say, show } from "../dom.js";
import { clock, date, dateTime } from "../format.js";
import { factOf } from "./event.js";
import { codeText, t } from "./strings.js";

const byId = (id) => document.getElementById(id);

export class Lists {
  constructor({ queue, sender, form, undo, changed }) {
    Object.assign(this, { queue, sender, form, undo, changed });
    byId("send-now").addEventListener("click", () => sender.send());
  }

  // when is a time as its place shows it, with the day where that is not today.
  when(at, zone) {
    return date(at, zone) === date(this.sender.clock.time(), zone) ? clock(at, zone) : dateTime(at, zone);
  }

  draw() {
    const { sender, queue } = this;
    const zone = this.form.zone();
    const waiting = queue.in("waiting");
    const kind = waiting.length && sender.state.kind === "all_sent" ? "later" : sender.state.kind;
    byId("connection").dataset.state = { all_sent: "live", sending: "connecting", later: "behind", revoked: "lost" }[kind];
    say(byId("connection-text"), kind === "revoked" ? codeText("state_waiting") : t(kind));
    say(byId("waiting"), waiting.length ? t("since", { n: waiting.length, time: this.when(waiting[0].event.recordedtime, zone) }) : t("none"));
    say(byId("last-sent"), queue.lastSent ? this.when(queue.lastSent, zone) : t("not_yet"));
    say(byId("trouble"), trouble(sender.state, (at) => this.when(at, zone)));
    byId("send-now").hidden = kind !== "later" || !waiting.length;

    const refused = queue.in("refused");
    byId("refused").hidden = !refused.length;
    show(byId("refused-list"), refused, (all) => all.map((entry) => this.item(entry, t("dismiss"), "", () => {
      queue.dismiss(entry);
      this.changed();
    })));
    const recent = queue.recent();
    byId("recent-none").hidden = recent.length > 0;
    show(byId("recent-list"), recent, (all) => all.map((entry) => this.item(
      entry, entry.undone ? null : t("undo"), entry.undone ? t("undone") : t(`state_${entry.state}`), () => this.undo(entry.event),
    )));
    this.form.offer(recent.map((entry) => entry.event.subject));
  }

  // item is an entry with what can be done about it, and its reason where it was refused.
  item({ event, reason, detail, undone }, label, state, act) {
    const name = factOf(event);
    const zone = this.form.zone(event.data.bcp);
    const [time, recorded] = [event.time, event.recordedtime].map((at) => this.when(at, zone));
    const title = name ? t(name) : t("retraction");
    const agency = event.data.agency ? this.form.name("agencies", event.data.agency) : null;
    return el("li", { class: "entry", "data-undone": undone },
      el("div", {},
        el("strong", { class: "id", dir: "auto" }, event.subject), " ", title, agency && " · ", agency && el("span", { lang: agency[1], dir: "auto" }, agency[0]),
        el("p", { class: "minor" }, time === recorded ? t("happened", { time }) : t("happened_recorded", { time, recorded }), state && ` · ${state}`),
        reason && el("p", { class: "reason" }, `${codeText(reason)}. `, el("span", { class: "minor" }, detail))),
      label && el("button", { type: "button", "aria-label": `${label}: ${event.subject}, ${title}`, onclick: act }, label));
  }
}

// trouble is why what waits is not sent.
function trouble({ kind, why, at }, when) {
  if (kind !== "later") return "";
  const soon = at - Date.now() <= 60_000;
  return t(soon ? "trying_again" : "trying_again_at", { why: /[.!?]$/.test(why) ? why : `${why}.`, time: when(at) });
}
