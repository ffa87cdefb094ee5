// The banner that says that the data are made up, and how much of their history has been counted.
import { el, say } from "./dom.js";
import { count } from "./format.js";
import { t } from "./strings.js";

const day = 86_400_000; // ms

// historyOf says how many days of the history have been counted; nothing once all have been.
function historyOf(simulation, asOf) {
  const [from, until] = [simulation.from, simulation.history_until].map(Date.parse);
  const at = asOf === null ? from : Date.parse(asOf);
  if (at >= until) return "";
  const days = (time) => count(Math.max(0, Math.floor((time - from) / day)));
  return t("simulation_history", { day: days(at), days: days(until) });
}

// SimulationNotice fills a node, which is hidden where the data are real.
export class SimulationNotice {
  constructor(node) {
    this.node = node;
    this.text = el("strong");
    this.history = el("span", { "aria-live": "off" }); // a screen reader announces the simulation, not each day
    node.append(this.text, " ", this.history);
  }

  update({ simulation, as_of: asOf }) {
    this.node.hidden = simulation === null;
    say(this.text, simulation === null ? "" : t("simulation"));
    say(this.history, simulation === null ? "" : historyOf(simulation, asOf));
  }
}
