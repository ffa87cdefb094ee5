// What cannot be reached now, how many records wait, and which tables are damaged: the banner that says what still works, and the word
// where the page says "Live".
import { el, say } from "./dom.js";
import { count, dateTime, dateTimeSeconds } from "./format.js";
import { t } from "./strings.js";

// current reports whether the numbers follow the events.
export const current = ({ outages, stands_since: stands, records_waiting: waiting }) => stands === null && waiting === 0 && !outages.some((o) => o.part === "kafka");

// away reports whether something is away, events are missing, or numbers may be wrong.
export const away = (overview) => overview.outages.length > 0 || overview.damaged_tables.length > 0 || !current(overview);

// connectionOf is the state and the text of a connection that is up: live, partly where history is missing, or behind where the
// numbers do not follow the events.
export function connectionOf(overview) {
  if (!current(overview)) return ["behind", t("behind")];
  return overview.outages.length ? ["partly", t("partly")] : ["live", t("live")];
}

// OutageNotice fills a node, which is hidden while all parts can be reached.
export class OutageNotice {
  constructor(node) {
    this.node = node;
    this.text = el("strong");
    this.rest = el("span", { "aria-live": "off" }); // a screen reader announces the outage, not each second of it
    node.append(this.text, " ", this.rest);
  }

  update(overview, zone) {
    const { outages, stands_since: stands, records_waiting: waiting, damaged_tables: damaged, as_of: asOf } = overview;
    const since = (at) => ({ since: dateTime(at, zone) });
    const text = outages.map((o) => (o.part === "kafka" || o.part === "clickhouse" ? t(`outage_${o.part}`, since(o.since)) : t("outage_other", { part: o.part, ...since(o.since) })));
    if (stands !== null) text.push(t("outage_stands", since(stands)));
    for (const { table, way_out: wayOut } of damaged) text.push(t("damaged_table", { table, way_out: wayOut }));
    if (stands === null && waiting > 0) text.push(t("catching_up"));
    this.node.hidden = !text.length;
    say(this.text, text.join(" "));
    const at = asOf === null ? t("unknown") : dateTimeSeconds(asOf, zone);
    const rest = waiting > 0 ? [t("records_waiting", { n: count(waiting) })] : [];
    rest.push(current(overview) ? t("outage_live") : t("outage_as_of", { time: at }));
    if (!outages.some((o) => o.part === "clickhouse")) rest.push(t("outage_history"));
    say(this.rest, text.length ? rest.join(" ") : "");
  }
}
