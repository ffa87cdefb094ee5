// Numbers and times as people read them.
import { language, t } from "./strings.js";

const integers = new Intl.NumberFormat(language);
const percents = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });

// orUnknown writes what is not a number as unknown: Intl would write null as zero.
const orUnknown = (format) => (n) => (Number.isFinite(n) ? format(n) : t("unknown"));

export const count = orUnknown((n) => integers.format(n));
export const percent = orUnknown((part) => (part > 0 && part < 0.01 ? "<" + percents.format(0.01) : percents.format(part)));

// durationParts is a known number of seconds in the two largest units: pairs of number and unit.
export function durationParts(seconds) {
  const pairs = (whole, unit, rest, part) => (rest ? [[count(whole), unit], [count(rest), part]] : [[count(whole), unit]]);
  if (seconds < 59.5) return [[count(Math.round(seconds)), "s"]];
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return [[count(minutes), "min"]];
  if (minutes < 48 * 60) return pairs(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(seconds / 3600);
  return pairs(Math.floor(hours / 24), "d", hours % 24, "h");
}

export const duration = orUnknown((seconds) => durationParts(seconds).map((p) => p.join(" ")).join(" "));

// brief is a duration in one unit, for the age of what changes all the time.
export const brief = orUnknown((seconds) => {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
});

const made = new Map();
function formatter(zone, options) {
  const key = zone + JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(language, { timeZone: zone, hourCycle: "h23", ...options }));
  return made.get(key);
}

export const dateTime = (at, zone) =>
  formatter(zone, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(new Date(at));
export const dateTimeSeconds = (at, zone) =>
  formatter(zone, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(new Date(at));
export const clock = (at, zone) => formatter(zone, { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
export const date = (at, zone) => formatter(zone, { day: "numeric", month: "short" }).format(new Date(at));
export function zoneName(at, zone) {
  const parts = formatter(zone, { timeZoneName: "shortOffset", hour: "2-digit" }).formatToParts(new Date(at));
  return parts.find((p) => p.type === "timeZoneName").value.replace("GMT", "UTC");
}
