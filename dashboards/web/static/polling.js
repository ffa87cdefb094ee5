// Asking for the overview again and again, where no websocket can be opened, and why none can.
import { clocks } from "./clocks.js";
import { Refresh } from "./refresh.js";

const every = 5_000; // ms
const longest = 35_000; // ms for one answer

// reasonOf is why a response is not the one that was asked for, in words: the detail of a problem document (RFC 9457), or the
// status, where a proxy answers with a page of its own.
export async function reasonOf(response) {
  if (response.headers.get("Content-Type")?.startsWith("application/problem+json")) {
    const problem = await response.json().catch(() => ({}));
    if (problem.detail ?? problem.title) return problem.detail ?? problem.title;
  }
  return `HTTP ${response.status}`;
}

// Polling calls show with each overview, and with the version of the page that the server has. It ends when an answer does not
// come, and calls fail if others had come before.
export class Polling {
  constructor(live, { show, fail }) {
    this.live = new URL(live);
    this.live.protocol = this.live.protocol.replace("ws", "http");
    this.address = new URL("api/v1/overview", this.live);
    this.works = false;
    this.at = null; // clocks of the last answer
    this.reason = ""; // why there is no websocket; empty where nothing says
    this.failed = fail;
    this.refresh = new Refresh(every, (signal) => this.load(signal), ([overview, page]) => {
      [this.works, this.at] = [true, clocks()];
      show(overview, page);
    }, () => this.fail(), longest);
  }

  // The browser sends the ETag of what it has, and reads that again where the server answers 304.
  async load(signal) {
    const response = await fetch(this.address, { signal, cache: "no-cache" });
    if (!response.ok) throw new Error(await reasonOf(response));
    const overview = await response.json();
    if (!this.works) this.reason = await this.why(signal);
    return [overview, response.headers.get("Dwell-Page")];
  }

  // why asks for the reason: a script is not told why a handshake failed.
  async why(signal) {
    try {
      return await reasonOf(await fetch(this.live, { signal, cache: "no-store" }));
    } catch {
      return "";
    }
  }

  start() {
    if (!this.refresh.running) this.refresh.now();
  }

  stop() {
    this.works = false;
    this.refresh.stop();
  }

  fail() {
    const worked = this.works;
    this.stop();
    if (worked) this.failed();
  }
}
