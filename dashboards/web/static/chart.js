// The history of a place: release time above (median, and up to the 90th percentile), trucks inside below.
import { el, say, svg } from "./dom.js";
import { clock, count, date, dateTime, duration } from "./format.js";
import { hatch, runs } from "./sparkline.js";
import { t } from "./strings.js";

const width = 820;
const left = 64;
const right = 12;
const upper = { top: 14, bottom: 170 };
const lower = { top: 204, bottom: 292 };
const height = 322;

// steps are round values up to high, three or four of them.
function steps(high, units) {
  const raw = high / 3;
  const unit = units.find((u) => u >= raw) ?? Math.ceil(raw / units.at(-1)) * units.at(-1);
  const all = [];
  for (let v = 0; v < high + unit; v += unit) all.push(v);
  return all;
}
const hourUnits = [300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400, 172800, 432000];
const countUnits = [1, 2, 5, 10, 20, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10000];

export class Chart {
  constructor() {
    this.readout = el("p", { class: "readout", "aria-live": "polite" }, t("history_help"));
    this.plot = el("div", { class: "plot", tabindex: "0", role: "group", "aria-label": `${t("history")}. ${t("history_help")}` });
    this.node = el("figure", { class: "chart" },
      el("figcaption", { class: "legend" },
        el("span", {}, el("span", { class: "key p50", "aria-hidden": "true" }), t("p50_label")),
        el("span", {}, el("span", { class: "key p90", "aria-hidden": "true" }), t("p90_label")),
        el("span", {}, el("span", { class: "key inside", "aria-hidden": "true" }), t("inside_label")),
        el("span", {}, el("span", { class: "key hatched", "aria-hidden": "true" }), t("unknown"))),
      this.plot, this.readout);
    this.at = null;
    this.plot.addEventListener("keydown", (e) => {
      const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[e.key];
      if (move === undefined || !this.windows?.length) return;
      e.preventDefault();
      const last = this.windows.length - 1;
      this.point(Math.min(last, Math.max(0, (this.at ?? (move < 0 ? last + 1 : -1)) + move)));
    });
    this.plot.addEventListener("pointermove", (e) => {
      if (!this.windows?.length) return;
      const box = this.plot.firstChild.getBoundingClientRect();
      const x = ((e.clientX - box.left) / box.width) * width;
      this.point(Math.min(this.windows.length - 1, Math.max(0, Math.floor((x - left) / this.step))));
    });
  }

  x(i) {
    return left + (i + 0.5) * this.step;
  }

  draw(history) {
    const windows = (this.windows = history.windows.filter((w) => w.reason !== "future"));
    this.zone = history.time_zone;
    this.step = (width - left - right) / Math.max(1, windows.length);
    const pattern = hatch();
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, pattern.defs);
    const p50 = windows.map((w) => w.p50_seconds);
    const p90 = windows.map((w) => w.p90_seconds);
    const inside = windows.map((w) => w.inside);
    windows.forEach((w, i) => {
      if (w.status !== "unknown") return;
      for (const p of [upper, lower]) {
        root.append(svg("rect", { x: left + i * this.step, y: p.top, width: this.step + 0.3, height: p.bottom - p.top, fill: pattern.fill }));
      }
    });
    const times = steps(Math.max(3600, ...p90.filter((v) => v !== null)), hourUnits);
    const trucks = steps(Math.max(3, ...inside.filter((v) => v !== null)), countUnits);
    const scale = (panel, ticks) => (v) => panel.bottom - (v / ticks.at(-1)) * (panel.bottom - panel.top);
    const yTime = scale(upper, times);
    const yTrucks = scale(lower, trucks);
    const grid = (ticks, y, format) => {
      for (const v of ticks) {
        root.append(svg("line", { x1: left, x2: width - right, y1: y(v), y2: y(v), class: v ? "grid" : "axis" }),
          svg("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, format(v)));
      }
    };
    grid(times, yTime, (v) => (v ? duration(v) : "0"));
    grid(trucks.filter((_, i) => trucks.length < 5 || i % 2 === 0), yTrucks, count);
    this.label(root, windows, history.grain);

    const line = (run, values, y) => run.map((i) => `${this.x(i).toFixed(1)},${y(values[i]).toFixed(1)}`);
    for (const run of runs(p50)) {
      const low = line(run, p50, yTime);
      const high = line(run, p90, yTime);
      if (run.length === 1) root.append(svg("circle", { cx: this.x(run[0]), cy: yTime(p50[run[0]]), r: 2.5, class: "dot" }));
      root.append(svg("path", { class: "band", d: `M${low.join("L")}L${high.toReversed().join("L")}Z` }),
        svg("path", { class: "p90", d: `M${high.join("L")}` }), svg("path", { class: "p50", d: `M${low.join("L")}` }));
    }
    for (const run of runs(inside)) {
      for (const i of run) {
        const gap = Math.min(1.5, this.step / 6);
        root.append(svg("rect", { class: "bar", x: left + i * this.step + gap, width: Math.max(0.5, this.step - 2 * gap), y: yTrucks(inside[i]), height: lower.bottom - yTrucks(inside[i]) }));
      }
    }
    this.cursor = svg("line", { class: "cursor", y1: upper.top, y2: lower.bottom, x1: 0, x2: 0, visibility: "hidden" });
    root.append(this.cursor);
    this.plot.replaceChildren(root);
    if (this.at !== null && this.at < windows.length) this.point(this.at);
    else this.at = null;
  }

  // label writes times under the plot: dates where days begin, hours in between where there is room.
  label(root, windows, grain) {
    const days = windows.length > 48 || grain === "day";
    let taken = -Infinity;
    windows.forEach((w, i) => {
      const at = clock(w.start, this.zone);
      const midnight = grain === "day" || at.startsWith("00:");
      const wanted = days ? midnight : Number(at.slice(0, 2)) % 3 === 0;
      const x = left + i * this.step;
      if (!wanted || x - taken < 52) return;
      taken = x;
      root.append(svg("line", { x1: x, x2: x, y1: lower.bottom, y2: lower.bottom + 4, class: "axis" }),
        svg("text", { x, y: height - 12, "text-anchor": i === 0 ? "start" : "middle" }, midnight ? date(w.start, this.zone) : at));
    });
  }

  point(i) {
    this.at = i;
    const w = this.windows[i];
    this.cursor.setAttribute("x1", this.x(i));
    this.cursor.setAttribute("x2", this.x(i));
    this.cursor.setAttribute("visibility", "visible");
    const start = dateTime(w.start, this.zone);
    const or = (v) => (v === null ? t("none") : duration(v));
    say(this.readout, w.status === "unknown" ? t("readout_unknown", { start })
      : t("readout", { start, p50: or(w.p50_seconds), p90: or(w.p90_seconds), n: count(w.n), inside: count(w.inside) }));
  }
}
