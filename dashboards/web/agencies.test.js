// Agencies are drawn by the places file, and by the page where the file says nothing.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import "./testdata/document.js";
import { colourOf, holderName, inkOn, loadAgencies, setAgencies } from "./static/agencies.js";
import { holderBar, holderLegend } from "./static/bars.js";

const holders = [{ holder: "customs", seconds: 3 }, { holder: "food_safety", seconds: 1 }];
const parts = () => holderBar(holders, 310).all("span", "part");

afterEach(() => setAgencies([]));

test("an agency has the name and the colour of the places file, in bar, legend and text for readers", () => {
  setAgencies([{ code: "customs", names: { en: "Customs service", pl: "KAS" }, colour: "#ffe14d" }]);
  const [customs] = parts();
  assert.equal(customs.style.background, "#ffe14d");
  assert.equal(customs.style.color, "#000000");
  assert.equal(customs.style["flex-grow"], 0.75);
  assert.equal(customs.attributes["data-holder"], undefined);
  assert.equal(customs.attributes["data-painted"], "");
  assert.match(customs.textContent, /Customs service 75/);
  assert.match(holderBar(holders, 310).attributes["aria-label"], /Customs service/);
  assert.match(holderLegend(holders).textContent, /Customs service 75/);
  assert.equal(holderLegend(holders).all("span", "swatch")[0].style.background, "#ffe14d");
});

test("without a colour or a name it has the page's own, by its code", () => {
  setAgencies([{ code: "customs", names: { en: "Customs service" }, colour: null }]);
  const [customs, food] = parts();
  assert.equal(customs.attributes["data-holder"], "customs");
  assert.equal(customs.style.background, undefined);
  assert.match(food.attributes["data-holder"], /^other-[012]$/);
  assert.equal(holderName("food_safety"), "Food safety");
  assert.equal(holderName("unknown"), "Not yet known");
  assert.equal(colourOf("unknown"), "unknown");
});

test("text on any colour contrasts by at least 4.5 to 1", () => {
  const light = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const hex = (n) => n.toString(16).padStart(2, "0");
  let least = 21;
  for (let r = 0; r < 256; r += 5) for (let g = 0; g < 256; g += 5) for (let b = 0; b < 256; b += 5) {
    const colour = `#${hex(r)}${hex(g)}${hex(b)}`;
    const [low, high] = [light(colour), light(inkOn(colour))].sort((x, y) => x - y);
    least = Math.min(least, (high + 0.05) / (low + 0.05));
  }
  assert.ok(least >= 4.5, `${least} to 1`);
});

test("a server that does not answer leaves codes", async () => {
  const { fetch, console } = globalThis;
  globalThis.document.baseURI = "http://127.0.0.1/";
  globalThis.fetch = () => Promise.reject(new Error("no server"));
  globalThis.console = { ...console, warn: () => {} };
  try {
    await loadAgencies();
  } finally {
    Object.assign(globalThis, { fetch, console });
  }
  assert.equal(holderName("border_police"), "Border police");
});
