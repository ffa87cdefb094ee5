// The time at which facts are recorded: this device's, or the server's where the two differ and the clerk has chosen it.
const most = 120_000; // ms; nearer than that, the device's clock is right
const key = "post/clock";

export class Clock {
  constructor(storage, wall = Date.now) {
    Object.assign(this, { storage, wall });
  }

  // known is {ahead, chosen}: by how many ms the server's clock was ahead when it answered last, and what was chosen at which difference.
  known() {
    return JSON.parse(this.storage.getItem(key) ?? "{}");
  }

  keep(known) {
    this.storage.setItem(key, JSON.stringify(known));
  }

  // heard learns from the header Date of an answer to a request that took from began to ended. The header has whole seconds.
  heard(date, began, ended) {
    const at = Date.parse(date);
    if (Number.isNaN(at) || ended < began || ended - began > most / 2) return;
    const known = this.known();
    const ahead = at + 500 - (began + ended) / 2;
    this.keep(Math.abs(ahead) > most ? { ...known, ahead } : { ahead });
  }

  // question is by how many ms this device's clock is ahead, negative where it is behind, while nothing was chosen about that; else null.
  question() {
    const { ahead = 0, chosen } = this.known();
    if (Math.abs(ahead) <= most || (chosen && Math.abs(chosen.ahead - ahead) <= most)) return null;
    return -ahead;
  }

  // choose answers the question: "server" or "device".
  choose(use) {
    const known = this.known();
    this.keep({ ...known, chosen: { use, ahead: known.ahead } });
  }

  // time is what the clock shows where this device's shows wall.
  time(wall = this.wall()) {
    const { ahead = 0, chosen } = this.known();
    return chosen?.use === "server" ? wall + Math.round(ahead) : wall;
  }
}
