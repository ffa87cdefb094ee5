// Times as the clocks of a place show them, in the form of a field for date and time: 2026-01-05T14:12.
const formatters = new Map();

function formatter(zone) {
  if (!formatters.has(zone)) {
    formatters.set(zone, new Intl.DateTimeFormat("en", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
    }));
  }
  return formatters.get(zone);
}

// localIn is an instant in ms as the clocks of a zone show it.
export function localIn(zone, at) {
  const parts = Object.fromEntries(formatter(zone).formatToParts(at).map((p) => [p.type, p.value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

// instantIn is the instant in ms at which they show it: the first one of two, and NaN where they skip it or it is no time.
export function instantIn(zone, text) {
  const wall = Date.parse(`${text}Z`);
  if (Number.isNaN(wall)) return NaN;
  const offset = (at) => Date.parse(`${localIn(zone, at)}Z`) - at;
  const day = 86_400_000;
  return [offset(wall - day), offset(wall + day)].map((o) => wall - o).sort((a, b) => a - b).find((at) => localIn(zone, at) === text) ?? NaN;
}

// own is the zone of this device.
export const own = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
