// The agencies of the places file: their names and their colours. Without the file's, the page has words and colours of its own.
import { nameOf, wordOf } from "./strings.js";

const longestWait = 5_000; // ms; then the page continues without them
const agencies = new Map();

export function setAgencies(all) {
  agencies.clear();
  for (const a of all) agencies.set(a.code, a);
}

// loadAgencies never fails: without an answer, agencies are named by their codes.
export async function loadAgencies() {
  try {
    const response = await fetch(new URL("api/v1/agencies", document.baseURI), { signal: AbortSignal.timeout(longestWait) });
    if (response.ok) setAgencies((await response.json()).agencies);
  } catch (error) {
    console.warn("agencies could not be loaded:", error);
  }
}

export function holderName(code) {
  const agency = agencies.get(code);
  return agency ? nameOf(agency.names) : wordOf(code);
}

// The holders that have a colour of the page's; any other agency takes one of the rest, by its code.
const own = ["customs", "border_police", "transport", "plant_quarantine", "veterinary", "health", "trader", "carrier", "unknown"];
export function colourOf(holder) {
  if (own.includes(holder)) return holder;
  let sum = 0;
  for (const c of holder) sum = (sum * 31 + c.codePointAt(0)) % 1024;
  return `other-${sum % 3}`;
}

// paint is the attributes of an element in a holder's colour. A colour of the places file is the same in both themes, so it
// has an outline, which is seen on either ground, and text in black or white.
export function paint(holder, style = {}) {
  const colour = agencies.get(holder)?.colour;
  return colour ? { "data-painted": true, style: { ...style, background: colour, color: inkOn(colour) } } : { "data-holder": colourOf(holder), style };
}

// inkOn is black or white, whichever contrasts more with a colour. That is always at least 4.58 to 1; WCAG AA asks for 4.5.
export function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? "#000000" : "#ffffff";
}
