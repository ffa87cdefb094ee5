// The token of this browser, what it permits, and the names of what it permits. All is kept, for hours without a network.
const keys = { token: "post/token", rights: "post/rights", names: "post/names" };
const longest = 20_000; // ms

export class Rights {
  constructor({ storage, clock, base }) {
    Object.assign(this, { storage, clock, base });
  }

  get token() { return this.storage.getItem(keys.token); }
  // rights are {name, sources, bcps, agencies}; null until the server has said them.
  get rights() { return this.read(keys.rights); }
  // names are {places, agencies} as the API has them.
  get names() { return this.read(keys.names) ?? { places: [], agencies: [] }; }

  read(key) {
    return JSON.parse(this.storage.getItem(key) ?? "null");
  }

  // take keeps another token. What the last one permitted is no longer known.
  take(token) {
    if (token === this.token) return;
    this.forget();
    this.storage.setItem(keys.token, token);
  }

  forget() {
    for (const key of Object.values(keys)) this.storage.removeItem(key);
  }

  // load asks the server: "ok", "invalid" where the token is not valid, "off" where nothing can be posted, or "away" where no answer came.
  async load() {
    const { token } = this;
    if (!/^[!-~]+$/.test(token)) return "invalid"; // no header can have it
    const [answer, rights] = await this.get("api/v1/post", { Authorization: `Bearer ${token}` });
    if (token !== this.token) return "away"; // another one was taken meanwhile
    if (answer === 401) return "invalid";
    if (answer === 404) return "off";
    if (!Array.isArray(rights?.bcps)) return "away";
    this.storage.setItem(keys.rights, JSON.stringify(rights));
    const [[, places], [, agencies]] = await Promise.all([this.get("api/v1/places"), this.get("api/v1/agencies")]);
    if (places?.places && agencies?.agencies && token === this.token) {
      const of = ({ id, names, time_zone: zone }) => ({ id, names, zone });
      this.storage.setItem(keys.names, JSON.stringify({
        places: places.places.filter((p) => rights.bcps.includes(p.id)).map(of),
        agencies: agencies.agencies.filter((a) => rights.agencies.includes(a.code)).map(({ code, names }) => ({ id: code, names })),
      }));
    }
    return "ok";
  }

  async get(path, headers = {}) {
    const began = Date.now();
    try {
      const response = await fetch(new URL(path, this.base), { headers, cache: "no-cache", redirect: "error", signal: AbortSignal.timeout(longest) });
      this.clock.heard(response.headers.get("Date"), began, Date.now());
      return [response.status, response.ok ? await response.json() : null];
    } catch {
      return [0, null];
    }
  }
}

// tokenIn is the token in the fragment of an address such as /post#token=dwell_abc; null where it has none.
export const tokenIn = (hash) => new URLSearchParams(hash.replace(/^#/, "")).get("token")?.trim() || null;
