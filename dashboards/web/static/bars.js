// Stacked bars: of time by holder, and of trucks by age.
import { el } from "./dom.js";
import { count, duration, percent } from "./format.js";
import { holderName, paint } from "./agencies.js";
import { t } from "./strings.js";

// byHolder adds up the phases of each holder, the longest first.
export function byHolder(holders) {
  const sums = new Map();
  for (const h of holders) sums.set(h.holder, (sums.get(h.holder) ?? 0) + h.seconds);
  const all = [...sums.values()].reduce((a, b) => a + b, 0);
  return [...sums].filter(([, s]) => s > 0).sort((a, b) => b[1] - a[1])
    .map(([holder, seconds]) => ({ holder, seconds, share: seconds / all }));
}

export const swatch = (holder) => el("span", { class: "swatch", ...paint(holder), "aria-hidden": "true" });

// labelOf is the longest label that a part of so many pixels has room for.
function labelOf(part, pixels) {
  const share = percent(part.share);
  return [`${holderName(part.holder)} ${share}`, share].find((text) => text.length * 8.2 + 16 < pixels) ?? "";
}

// holderBar is the time by holder, on a bar that is usually width pixels wide. What is too narrow for its label is named
// in the legend and in the text for readers.
export function holderBar(holders, width) {
  const parts = byHolder(holders);
  const text = parts.map((p) => t("holder_share", { holder: holderName(p.holder), share: percent(p.share) })).join(", ");
  return el("div", { class: "stack", role: "img", "aria-label": text }, ...parts.map((p) =>
    el("span", {
      class: "part", ...paint(p.holder, { "flex-grow": p.share }),
      title: `${holderName(p.holder)}: ${percent(p.share)}, ${duration(p.seconds)}`,
    }, el("span", { class: "part-label" }, labelOf(p, p.share * width)))));
}

// heldLegend lists numbers of trucks by holder, the largest first.
export function heldLegend(held, most = 99) {
  const sums = new Map();
  for (const h of held) sums.set(h.holder, (sums.get(h.holder) ?? 0) + h.trucks);
  return el("ul", { class: "legend" }, ...[...sums].sort((a, b) => b[1] - a[1]).slice(0, most).map(([holder, trucks]) =>
    el("li", {}, swatch(holder), `${holderName(holder)} `, el("b", {}, count(trucks)))));
}

export function holderLegend(holders, most = 99) {
  return el("ul", { class: "legend" }, ...byHolder(holders).slice(0, most).map((p) =>
    el("li", {}, swatch(p.holder), `${holderName(p.holder)} `, el("b", {}, percent(p.share)))));
}

const ages = ["under_6h", "6h_to_24h", "1d_to_3d", "3d_to_7d", "over_7d"];

export function ageBar(byAge) {
  const all = ages.reduce((sum, a) => sum + byAge[a], 0);
  const present = ages.filter((a) => byAge[a] > 0);
  return [
    el("div", { class: "stack thin", "aria-hidden": "true" },
      ...(all ? present.map((a) => el("span", { class: "part", "data-age": a, style: { "flex-grow": byAge[a] / all } })) : [el("span", { class: "part", "data-age": "none", style: { "flex-grow": 1 } })])),
    el("ul", { class: "ages", "aria-label": t("age_title") }, ...present.map((a) =>
      el("li", {}, el("span", { class: "swatch", "data-age": a, "aria-hidden": "true" }), el("b", {}, count(byAge[a])), ` ${t(a)}`))),
  ];
}
