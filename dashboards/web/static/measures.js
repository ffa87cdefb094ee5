// What the page knows of measures. It is made of the table in metrics/window: go generate ./dashboards/web
export const measures = {
  arrivals: { label: "Arrivals", unit: "trucks", overview: "arrived" },
  releases: { label: "Releases", unit: "trucks", overview: "released" },
  departures: { label: "Departures", unit: "trucks", overview: "departed" },
  left: { label: "Left", unit: "trucks", overview: "" },
  untimed_releases: { label: "Releases without a time", unit: "trucks", overview: "" },
  refusals: { label: "Refusals", unit: "trucks", overview: "" },
  untimed_departures: { label: "Departures without a time", unit: "trucks", overview: "" },
  untimed_left: { label: "Left without a time", unit: "trucks", overview: "" },
  lapsed: { label: "Lapsed", unit: "trucks", overview: "" },
  release_time: { label: "Release time", unit: "seconds", overview: "" },
  crossing_time: { label: "Crossing time", unit: "seconds", overview: "" },
};
