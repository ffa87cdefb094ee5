// All border crossing points together.
import { el } from "./dom.js";
import { count, duration } from "./format.js";
import { ageBar, holderBar, holderLegend } from "./bars.js";
import { flowMeasures, long, unknown } from "./place.js";
import { codeText, t } from "./strings.js";

const cell = (title, name, ...children) => el("div", { class: `cell ${name}` }, el("h3", {}, t(title)), ...children);

export function totals(total) {
  const { inside, release_time: r, flow } = total;
  const known = total.unknown_places
    ? t("total_known", { known: count(total.places - total.unknown_places), all: count(total.places) })
    : t("total_all", { all: count(total.places) });
  return [
    cell("inside_now", "inside",
      inside.trucks === null ? unknown() : el("p", { class: "figure large" }, count(inside.trucks), el("span", { class: "unit" }, t("trucks"))),
      el("p", { class: "minor", "data-part": total.unknown_places > 0 }, known),
      ...(inside.trucks === null ? [] : ageBar(total.inside_by_age))),
    cell("release_time", "release",
      ...(r.p50_seconds === null
        ? [r.n === null ? unknown() : el("p", { class: "empty" }, codeText(r.reason))]
        : [el("p", { class: "figure large" }, ...long(r.p50_seconds)),
          el("p", { class: "second" }, `${t("median")} · ${t("p90_within")} `, el("b", {}, duration(r.p90_seconds)))]),
      el("dl", { class: "flow" }, ...flowMeasures.map((k) =>
        el("div", {}, el("dt", {}, t(k)), el("dd", {}, flow[k] === null ? t("unknown") : count(flow[k])))))),
    cell("time_by_holder", "holders",
      ...(total.holders.length ? [holderBar(total.holders, 560), holderLegend(total.holders)] : [unknown()])),
  ];
}
