// The form: what the clerk says of a truck. It knows no network and no queue.
import { el, say } from "../dom.js";
import { clock, zoneName } from "../format.js";
import { facts, kinds, results } from "./event.js";
import { codeText, nameIn, t } from "./strings.js";
import { instantIn, localIn, own } from "./zone.js";

const byId = (id) => document.getElementById(id);
const remembered = "post/chosen"; // what was chosen last

// Form calls record(name, said, at) when a fact is to be recorded: at is the time in ms, null for now.
export class Form {
  constructor({ storage, time, record }) {
    Object.assign(this, { storage, time, record, names: { places: [], agencies: [] } });
    for (const select of ["bcp", "source", "agency", "kind", "result"]) byId(select).addEventListener("change", () => this.remember());
    for (const radio of this.directions()) radio.addEventListener("change", () => this.remember());
    byId("bcp").addEventListener("change", () => this.help());
    byId("earlier").addEventListener("click", () => this.correct(this.at() === null));
    byId("record").addEventListener("submit", (event) => event.preventDefault());
    for (const name of Object.keys(facts)) {
      // Of a double click the second one is ignored.
      byId(name).addEventListener("click", (event) => { if (event.detail < 2) this.press(name); });
    }
    fill(byId("kind"), kinds.map((code) => [code, t(code)]));
    fill(byId("result"), results.map((code) => [code, t(code)]));
    this.correct(false);
  }

  directions() { return document.querySelectorAll("input[name=direction]"); }

  // permit shows what a token permits, by the names of places and agencies.
  permit(rights, names) {
    this.names = names;
    fill(byId("bcp"), rights.bcps.map((id) => [id, ...this.name("places", id)]));
    fill(byId("source"), rights.sources.map((source) => [source, source]));
    fill(byId("agency"), rights.agencies.map((code) => [code, ...this.name("agencies", code)]));
    byId("bcp-field").hidden = rights.bcps.length < 2;
    byId("source-field").hidden = rights.sources.length < 2;
    byId("where").classList.toggle("visually-hidden", rights.bcps.length > 1);
    const [text, language] = this.name("places", rights.bcps[0]);
    say(byId("only-bcp"), rights.bcps.length > 1 ? "" : text);
    byId("only-bcp").lang = language;
    for (const node of document.querySelectorAll(".inspecting")) node.hidden = !rights.agencies.length;
    byId("no-agency").hidden = rights.agencies.length > 0;
    this.recall();
    this.help();
  }

  // name is that of a place or an agency, and its language; without the server's names, its code.
  name(of, id) {
    const named = this.names[of].find((one) => one.id === id);
    return named ? nameIn(named.names) : [of === "agencies" ? codeText(id) : id, ""];
  }

  zone(bcp = byId("bcp").value) {
    return this.names.places.find((place) => place.id === bcp)?.zone ?? own();
  }

  remember() {
    const chosen = { direction: document.querySelector("input[name=direction]:checked")?.value };
    for (const id of ["bcp", "source", "agency", "kind", "result"]) chosen[id] = byId(id).value;
    this.storage.setItem(remembered, JSON.stringify(chosen));
  }

  recall() {
    const chosen = JSON.parse(this.storage.getItem(remembered) ?? "{}");
    for (const radio of this.directions()) if (radio.value === chosen.direction) radio.checked = true;
    for (const id of ["bcp", "source", "agency", "kind", "result"]) {
      const select = byId(id);
      if ([...select.options].some((option) => option.value === chosen[id])) select.value = chosen[id];
    }
  }

  // correct shows the field for another time than now, or hides it.
  correct(open) {
    byId("time-field").hidden = !open;
    byId("earlier").setAttribute("aria-expanded", open);
    byId("time-now").hidden = open;
    say(byId("earlier"), open ? t("time_back") : t("time_change"));
    byId("time").value = open ? localIn(this.zone(), this.time()) : "";
    byId("time").max = localIn(this.zone(), this.time());
    this.help();
  }

  help() {
    say(byId("time-help"), t("time_help", { zone: `${this.zone()}, ${zoneName(this.time(), this.zone())}` }));
  }

  // at is the time that was entered; null is now, NaN none.
  at() {
    return byId("time-field").hidden ? null : instantIn(this.zone(), byId("time").value);
  }

  press(name) {
    const truck = byId("truck").value.trim();
    const at = this.at();
    const now = this.time();
    if (!truck) return this.wrong("truck", t("truck_missing"));
    if (Number.isNaN(at)) return this.wrong("time", t("time_missing"));
    if (at > now) return this.future(now);
    this.wrong(null, "");
    const said = { truck, direction: document.querySelector("input[name=direction]:checked").value };
    for (const id of ["bcp", "source", "agency", "kind", "result"]) said[id] = byId(id).value;
    return this.record(name, said, at);
  }

  future(now) {
    this.wrong("time", t("time_future", { now: clock(now, this.zone()) }));
  }

  // wrong says what is wrong with a field, and nothing of the others.
  wrong(id, text) {
    say(byId("wrong"), text);
    for (const field of ["truck", "time"]) byId(field).setAttribute("aria-invalid", field === id);
    if (id) byId(id).focus();
  }

  // next is for the next truck: the time is that of the press again.
  next() {
    byId("truck").value = "";
    this.correct(false);
    byId("truck").focus();
  }

  // offer suggests trucks that were recorded.
  offer(trucks) {
    byId("trucks").replaceChildren(...[...new Set(trucks)].map((truck) => el("option", { value: truck })));
  }
}

// fill makes the options of a list from [value, text, language]. The same ones are left alone, with what is chosen.
function fill(select, options) {
  const made = JSON.stringify(options);
  if (select.dataset.made === made) return;
  select.dataset.made = made;
  select.replaceChildren(...options.map(([value, text, lang]) => el("option", { value, lang, dir: "auto" }, text)));
}
