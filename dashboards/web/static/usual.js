// How a place compares with what is usual there at this hour of the week.
import { el } from "./dom.js";
import { count, dateTime } from "./format.js";
import { directionName, t } from "./strings.js";

const flag = (words) => el("p", { class: "verdict", "data-over": "true" }, el("span", { class: "glyph", "aria-hidden": "true" }), words);

// spikesOf are the spikes of a place's trucks, in words. Each direction is named, and both together only where neither has one.
export function spikesOf({ usual: { spikes }, time_zone: zone }) {
  const trucks = spikes.filter((s) => s.measure === "inside");
  const each = trucks.filter((s) => s.direction);
  return (each.length ? each : trucks).map((s) => s.direction
    ? t("spike_of", { direction: directionName(s.direction), since: dateTime(s.since, zone) })
    : t("spike", { since: dateTime(s.since, zone) }));
}

// usualLines stand under the number of trucks inside.
export function usualLines(place) {
  const { usual, capacity, inside } = place;
  const range = usual.median === null ? (usual.reason === "closed" || inside.trucks === null ? null : t("usual_unknown"))
    : t("usual_range", { low: count(Math.round(usual.p25)), high: count(Math.round(usual.p75)) });
  const room = capacity === null ? null : t("room", { trucks: count(capacity) });
  const words = [range, room].filter(Boolean).join(" · ");
  return [...spikesOf(place).map(flag), words && el("p", { class: "minor" }, words)].filter(Boolean);
}
