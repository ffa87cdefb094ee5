// Every word of the page but the labels of measures. Placeholders are {name}. A language is one more object of the same keys,
// and of the names of measures.
import { measures } from "./measures.js";

const en = {
  tagline: "Crossing times at the border",
  title: "{inside} trucks inside · dwell",
  title_as_of: "{inside} trucks inside at {time} · dwell",
  skip: "Skip to the border crossing points",
  as_of: "Data as of",
  final_until: "Final until",
  totals: "All border crossing points",
  places: "Border crossing points",
  place: "Place",
  inside_now: "Inside now",
  time_by_holder: "Time by holder",
  held_now: "Who has the trucks now", presumably_for: "Presumably waiting for", presumably: "{holder}, presumably", known: "known", by_procedure: "by procedure",
  sure: "Charged before", second: "Second, charged before", truck_count: "Trucks",
  share_of: "{share} of {n} waits or more", calibration: "What was said, and what became of it", said: "Said", was: "Was so", share_of_time: "Share of the time",
  held_help: "A wait is charged to the holder that ends it, so the holder of a truck that still waits is not known yet. The presumed one is that to which most of the time of such waits was charged in the last 8 weeks: of trucks at the same point of the procedure that had waited as long. \"Charged before\" is its share. It rests on at least 30 waits; where fewer are known, the usual procedure names the holder.",
  record: "How often that was right in the last 30 days, of {n} trucks: {right} of the waiting time was charged to the presumed holder in the end, {two} to that or the second. Learned {time}.",
  no_record: "How often that was right is not known yet: too few trucks have left that waited since it was learned.",
  outside: "Queue outside",
  window_note: "Release time, holders and flow: the last {window}. Trends: hour by hour, the last {trend} h.",
  footer: "Release time is arrival to release (WCO TRS). Quantiles are within 1.1 %. Hatched means unknown, not zero. A holder is the agency, the trader or the carrier that has the truck. Hours and days that end before \"Final until\" are final: only a late event changes them, and is listed as a restatement.",
  api_link: "Interface description",

  simulation: "These data are made up: a simulation, not a real border.",
  simulation_history: "History: day {day} of {days} counted.",

  theme_auto: "Theme: system", theme_light: "Theme: light", theme_dark: "Theme: dark",

  waiting: "Waiting for the first data.", connecting: "Connecting", live: "Live", failing: "Database unreachable", lost: "Connection lost, retrying",
  lost_in: "Connection lost, retrying in {seconds} s",
  polling: "Every 5 s", unreadable: "Cannot be read",
  news_polling: "No live connection: {reason}. The numbers are read every 5 s instead.",
  news_polling_unknown: "No live connection, for a reason that is not known. The numbers are read every 5 s instead.",
  news_none: "The server cannot be read. There are no numbers yet.",
  news_unreadable: "This page cannot read what the server sends: load the page again. The numbers are as of {time}.",
  load_again: "The server has another version of this page: load the page again.",
  news_live: "Connected.", news_lost: "Connection lost. The numbers are as of {time}.",
  news_failing: "The database is unreachable. The numbers are as of {time}.",
  news_status: "{place}: {status}.", news_reachable: "All parts can be reached again, and the numbers follow the events.",

  partly: "Live, no history", behind: "Not up to date",
  outage_kafka: "Kafka has been unreachable since {since}: no new events come in.",
  outage_clickhouse: "The database has been unreachable since {since}: history and single trucks cannot be read.",
  outage_other: "{part} has been unreachable since {since}.",
  outage_stands: "Events since {since} are not all in these numbers: they are kept, and will be counted.",
  catching_up: "Events come faster than they are counted, or are older than this program's start: the numbers are catching up.",
  records_waiting: "{n} records wait to be counted.",
  damaged_table: "The table {table} is damaged, so that numbers may be wrong or missing: {way_out}.",
  outage_live: "The numbers on this page are live.", outage_as_of: "The numbers on this page are as of {time}.",
  outage_history: "History can be read, and says as of when.",

  ok: "Up to date", unknown: "Unknown", closed: "Closed", none: "none",
  seen_ago: "last seen {age} ago", seen_ago_first: "Last seen {age} ago", no_data_yet: "no data yet", seen_at: "last seen {time}", seen_at_first: "Last seen {time}", stale_at: "stale, last seen {time}", stale: "stale", stale_since: "stale, last seen {age} ago",
  no_truck_events: "no truck events", not_measured: "not measured", no_releases: "no releases in this period", no_values: "no data in this period",
  stale_after_baseline: "unknown after {time} without an event, by its baseline for this hour", stale_after_configured: "unknown after {time} without an event, as configured",
  zero_after_closure: "zero after a closure", zero_after_outage: "zero after an outage", zero_with_vehicles: "wait of zero beside vehicles", published_as: "{figure} published",
  not_reported: "not reported",
  last_known: "{trucks} when last seen",
  inbound: "in", outbound: "out", trucks: "trucks",
  neighbour: "facing {name}",
  flow_unknown: "arrivals unknown", flow_not_measured: "arrivals not measured",
  median: "median", p90_within: "90 % within", net: "net of closed hours", timed_n: "of {n} trucks with a release time",
  target_met: "target met: {share} within {time}", target_missed: "target missed: {share} within {time}",
  assumed_met: "assumed target met: {share} within {time}", assumed_missed: "assumed target missed: {share} within {time}",
  p50: "half", p75: "75 %", p80: "80 %", p90: "90 %", p95: "95 %",
  usual_range: "usual at this hour: {low} to {high}", usual_unknown: "usual at this hour: not known yet", room: "room for {trucks}",
  spike: "far above the usual since {since}", spike_of: "{direction}: far above the usual since {since}",
  not_learned: "not learned yet", few_weeks: "too few weeks",
  age_title: "Trucks inside by age", under_6h: "under 6 h", "6h_to_24h": "6–24 h", "1d_to_3d": "1–3 d", "3d_to_7d": "3–7 d", over_7d: "over 7 d",
  vehicles: "{n} vehicles", wait: "{time} wait", reading_age: "read {age} ago", frozen: "frozen for {age}", no_reading: "no readings", more_queues: "and {n} more queues", one_more_queue: "and one more queue",
  queues_left_out: "{n} more queues have readings, which are in the database alone.",
  lanes_open: "lanes open: {n}", service_rate: "{n} vehicles/h", queue: "Queue",
  more_charts: "{n} more charts are not drawn.", readings_truncated: "These are the first {n} readings of the range: a shorter range has the later ones.",
  trend_inside: "Trucks inside at the end of each hour: {range}", trend_release: "Median release time hour by hour: {range}",
  trend_range: "between {low} and {high}, now {last}", trend_gaps: "; unknown for {hours} h", trend_unknown: "unknown",
  total_known: "{known} of {all} places known", total_all: "all {all} places known",
  p50_label: "Median", net_p50_label: "Median, net", net_time: "Net of closed hours", p90_label: "90th percentile", inside_label: "Inside",
  holder_share: "{holder} {share}",

  close: "Close", loading: "Loading", load_failed: "Could not be loaded: {reason}", load_failed_again: "Could not be loaded again: {reason}. What is shown is as of {time}.",
  history_as_of: "History as of {time}.",
  range: "Range", "range_24h": "24 hours", "range_7d": "7 days", "range_30d": "30 days",
  until_now: "Up to now", until_last: "Up to the last event",
  history: "Release time and trucks inside", history_help: "Arrow keys read the chart window by window.",
  readout: "{start}: median {p50}, 90 % within {p90}, of {n} with a release time, {inside} inside", readout_unknown: "{start}: unknown",
  as_table: "As a table", start: "Start", n: "With a release time",
  phase: "Phase", holder: "Holder", share: "Share", time: "Truck time", segments: "Segments",
  segments_help: "A segment is the part of a visit during which one holder has the truck in one phase: wait for the holder to act, service, hold, or exit after the release.",
  oldest: "Longest inside", truck: "Visit", direction: "Direction", channel: "Channel", arrived: "Arrived", age: "Inside for", since: "since {age}",
  nobody_inside: "No truck is inside.", more: "{n} more are inside.",
  inside_unknown: "The trucks inside now are unknown: {reason}. These are the trucks that were inside when it was last seen.",
  readings_title: "Queue readings from other sources", reading_vehicles: "Vehicles waiting", reading_wait: "Waiting time", reading_hollow: "Stale, frozen, or a zero in doubt", source: "Source", reading: "Reading", published: "Published", reading_was: "Age when published",
  local_time: "Times are {zone}.",

  phases: { wait: "wait", service: "service", hold: "hold", exit: "exit" },
  holders: { trader: "Trader", carrier: "Carrier", unknown: "Not yet known" },
  directions: { inbound: "inbound", outbound: "outbound" },
  states: { open: "queue open", paused: "queue paused", closed: "queue closed" },
};

const languages = { en };
export const language = "en";
const words = languages[language];

// t is the text of a key or the label of a measure, with its placeholders filled.
export function t(key, values = {}) {
  return (words[key] ?? measures[key].label).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

const plain = (code) => (code.charAt(0).toUpperCase() + code.slice(1)).replaceAll("_", " ");

// codeText is t of a code of the API, such as a status or a reason. One that a later version has is its own word.
export const codeText = (code, values = {}) => (code in words ? t(code, values) : plain(code).toLowerCase());

// wordOf is the word for a holder that no places file names: trader, carrier, unknown, or an agency's code as a word.
export const wordOf = (code) => words.holders[code] ?? plain(code);
export const phaseName = (code) => words.phases[code] ?? code;
export const stateName = (code) => words.states[code] ?? code;
export const directionName = (code) => words.directions[code] ?? code;
export const nameOf = (names) => names[language] ?? names.en;
