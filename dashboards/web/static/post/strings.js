// Every word of the form. Placeholders are {name}. A language is one more object of the same keys.
const en = {
  title: "Record trucks · dwell",
  tagline: "Record what happens to a truck",

  token_title: "Token of this post",
  token_help: "The administrator makes it with dwell token create, and sends it or a link that has it.",
  token: "Token", token_use: "Use this token",
  token_kept: "The token is kept in this browser: who can open this browser can record events of this post.",
  token_of: "Recording for {name}.",
  forget: "Forget the token",
  forget_unsent: "{n} not yet sent. They stay in this browser, and are sent when it has a token again.",
  forget_sure: "Without the token, nothing can be recorded here until somebody enters one.",
  token_invalid: "The server does not know this token: it was revoked, or mistyped. Enter another one.",
  token_unchecked: "The server cannot be reached, so the token is not checked yet. It is checked as soon as there is a network.",
  posting_off: "Nothing can be posted to this server. Ask the administrator to set receiver.tokens_file.",
  revoked: "The token was revoked. What waits is kept, and is sent with a new token: ask the administrator for one, and open its link.",

  storage_off: "This browser keeps nothing for this page (site data are blocked, or the window is private), so nothing can be recorded.",
  insecure: "This page is not opened over https, so the browser cannot keep it: load it while there is a network, and do not close it. What is recorded is kept in any case.",
  kept: "This browser keeps this page: it opens without a network.",
  not_all_files: "not all of its files could be loaded",
  not_kept: "This page could not be saved for use without a network ({reason}). Do not close it while you are offline.",

  where: "Border crossing point", source: "Source",
  direction: "Direction", inbound: "Inbound", outbound: "Outbound",
  truck: "Truck", truck_help: "Visit number, as on the truck's papers.",
  time: "Time", time_now: "now", time_back: "It happens now", time_change: "It happened earlier", time_help: "Time in {zone}. It is recorded as happened then, and as recorded now.",
  what: "What happened",
  arrived: "Arrived", begun: "Inspection begun", done: "Inspection done", released: "Released", departed: "Departed",
  inspection: "Inspection", agency: "Agency", kind: "Kind", result: "Result",
  no_agency: "The token names no agency, so that inspections cannot be recorded.",
  document: "Documents", scan: "Scan", weighbridge: "Weighbridge", physical: "Physical", sps: "Plants and animals", immigration_security: "Immigration, security",
  conformant: "In order", non_conformant: "Not in order",

  truck_missing: "Enter the truck first.",
  time_missing: "That time does not exist. Enter date and time.",
  time_future: "That time is in the future. It is {now} now.",
  recorded: "Recorded: {truck}, {fact}.", retracted: "Taken back: {truck}, {fact}.",
  full: "The browser has no room for it: this was not recorded. Connect to a network, so that what waits is sent.",

  clock_title: "Which time is right?",
  clock_ahead: "This device's clock is {difference} ahead of the server's.", clock_behind: "This device's clock is {difference} behind the server's.",
  clock_times: "This device says {device}, the server {server}.",
  clock_server: "Use the server's time", clock_device: "Keep this device's time",
  clock_help: "The choice holds for what is recorded from now on. The server refuses events that are more than some minutes ahead of its clock.",
  clock_in_use: "Times are the server's: this device's clock is off by {difference}.",

  all_sent: "All sent", sending: "Sending", later: "Waiting", waiting: "Waiting to be sent", none: "none", since: "{n} since {time}",
  last_sent: "Last sent", not_yet: "not yet",
  trying_again: "{why} It is tried again within a minute.", trying_again_at: "{why} It is tried again at {time}.", no_network: "The server cannot be reached.",
  no_receipt: "The answer (HTTP {status}) is not one of dwell: a network may ask for a sign-in.", other_tab: "Another tab is sending.",
  send_now: "Send now",

  refused_title: "Refused", refused_help: "The server did not take these, and they do not count. Record them again as they should be.",
  dismiss: "Dismiss",
  recent_title: "Last recorded", recent_none: "Nothing was recorded in this browser yet.",
  undo: "Undo", undone: "taken back", state_waiting: "waiting", state_sent: "sent",
  happened: "{time}", happened_recorded: "{time}, recorded {recorded}",
  retraction: "Undo of an event",
  cancel: "Cancel",

  not_permitted: "The token does not permit it", future_time: "Its time is in the future", too_old: "Its time is too long ago", unknown_bcp: "The border crossing point is not known",
  unknown_agency: "The agency is not known", conflicting_event: "Another event has the same id", invalid_field: "Something in it cannot be used", missing_field: "Something in it is missing",
};

const languages = { en };
const words = languages.en;

// t is the text of a key, with its placeholders filled.
export const t = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

// codeText is t of a code of the server. One that a later version has is its own word.
export const codeText = (code) => (Object.hasOwn(words, code) ? t(code) : code.replaceAll("_", " "));

// nameIn is a name in the first of some languages that it has, as [text, language], and in English otherwise.
export function nameIn(names, preferred = navigator.languages) {
  const language = preferred.map((tag) => tag.split("-")[0]).find((tag) => names[tag]) ?? "en";
  return [names[language], language];
}
