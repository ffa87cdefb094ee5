// A small trend. A gap in the line is unknown, or an hour without a value; unknown hours are hatched besides.
import { svg } from "./dom.js";
import { t } from "./strings.js";

const width = 160;
const height = 36;
let patterns = 0;

// hatch makes a pattern for what is unknown; SVG patterns are found by id, so each gets one.
export function hatch() {
  const id = `hatch-${++patterns}`;
  const pattern = svg("pattern", { id, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svg("rect", { width: 5, height: 5, class: "hatch-ground" }), svg("rect", { width: 1.5, height: 5, class: "hatch-line" }));
  return { fill: `url(#${id})`, defs: svg("defs", {}, pattern) };
}

// runs cuts indices into stretches whose values are there.
export function runs(values) {
  const all = [];
  values.forEach((v, i) => {
    if (v === null) return;
    const last = all.at(-1);
    if (last && last.at(-1) === i - 1) last.push(i);
    else all.push([i]);
  });
  return all;
}

// sparkline draws values by hour. Unknown says of each hour whether it is unknown; area fills down to zero.
export function sparkline(values, unknown, { label, format, area = false }) {
  const known = values.filter((v) => v !== null);
  const high = Math.max(...known, 0);
  const x = (i) => ((i + 0.5) * width) / values.length;
  const y = (v) => height - 3 - (high ? (v / high) * (height - 8) : 0);
  const pattern = hatch();
  const gaps = unknown.filter(Boolean).length;
  const range = known.length
    ? t("trend_range", { low: format(Math.min(...known)), high: format(high), last: values.at(-1) === null ? t("trend_unknown") : format(values.at(-1)) })
    : t("trend_unknown");
  const root = svg("svg", {
    class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": t(label, { range: range + (gaps ? t("trend_gaps", { hours: gaps }) : "") }),
  }, pattern.defs);
  unknown.forEach((u, i) => {
    if (u) root.append(svg("rect", { x: (i * width) / values.length, y: 0, width: width / values.length + 0.3, height, fill: pattern.fill }));
  });
  root.append(svg("line", { x1: 0, x2: width, y1: height - 2.5, y2: height - 2.5, class: "base" }));
  for (const run of runs(values)) {
    const points = run.map((i) => `${x(i).toFixed(1)},${y(values[i]).toFixed(1)}`);
    if (run.length === 1) {
      points.unshift(`${(x(run[0]) - 2).toFixed(1)},${y(values[run[0]]).toFixed(1)}`);
    }
    if (area) {
      const [first, last] = [points[0].split(",")[0], points.at(-1).split(",")[0]];
      root.append(svg("path", { class: "area", d: `M${first},${height - 3}L${points.join("L")}L${last},${height - 3}Z` }));
    }
    root.append(svg("path", { class: "line", d: `M${points.join("L")}` }));
  }
  return root;
}
