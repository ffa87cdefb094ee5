// Loading the page anew after its server was upgraded or downgraded: once for each version that a server says it has, so that servers
// of two versions behind one address make no loop of it.

const rest = 30_000; // ms without a key after which nobody types
const key = "loaded"; // in sessionStorage, the versions for which this tab loaded the page

const types = (node) => Boolean(node?.matches?.("input:not([type=radio]), textarea, select, [contenteditable]"));

// Upgrade is given the version of the page that runs, and tell, which is called where the page has to be loaded by hand.
export class Upgrade {
  constructor(own, tell) {
    Object.assign(this, { own, tell });
    this.theirs = own;
    this.loading = false;
    this.typed = -Infinity;
    for (const event of ["keydown", "input"]) addEventListener(event, () => { this.typed = performance.now(); }, true);
  }

  // check reports whether the page of the server's version is being loaded. A frame that does not say the version leaves it as it was,
  // and asks again where somebody typed.
  check(version) {
    if (version && typeof version === "string") this.theirs = version;
    if (this.loading || !this.own || this.theirs === this.own) return this.loading;
    if (performance.now() - this.typed < rest || types(document.activeElement)) return false;
    this.loading = this.remember(this.theirs);
    if (this.loading) location.reload();
    else this.tell();
    return this.loading;
  }

  // remember reports whether the version was not there before, and now is. A browser that blocks site data throws.
  remember(version) {
    try {
      const before = JSON.parse(sessionStorage.getItem(key) ?? "[]");
      if (before.includes(version)) return false;
      sessionStorage.setItem(key, JSON.stringify([...before, version].slice(-20)));
      return sessionStorage.getItem(key).includes(version);
    } catch {
      return false;
    }
  }
}
