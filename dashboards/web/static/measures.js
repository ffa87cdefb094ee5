// What the page knows of measures. It is made of the table in metrics/window: go generate ./dashboards/web
export const measures = {
  arrivals: { label: "Arrivals", unit: "trucks", overview: true },
  releases: { label: "Releases", unit: "trucks", overview: true },
  departures: { label: "Departures", unit: "trucks", overview: true },
  left: { label: "Left", unit: "trucks", overview: false },
  untimed_releases: { label: "Releases without a time", unit: "trucks", overview: false },
  refusals: { label: "Refusals", unit: "trucks", overview: false },
  untimed_departures: { label: "Departures without a time", unit: "trucks", overview: false },
  untimed_left: { label: "Left without a time", unit: "trucks", overview: false },
  lapsed: { label: "Lapsed", unit: "trucks", overview: false },
  release_time: { label: "Release time", unit: "seconds", overview: false },
  crossing_time: { label: "Crossing time", unit: "seconds", overview: false },
};
