// Loading repeatedly, however slow the server is: one load at a time.

// Refresh calls load with an AbortSignal, and show with what it returns or fail with its error. The next load begins
// every ms after the last one ended, and a load takes longest ms at most. now and stop abort a load that runs; an answer that
// comes later is dropped.
export class Refresh {
  constructor(every, load, show, fail, longest = 60_000) {
    Object.assign(this, { every, load, show, fail, longest });
  }

  async now() {
    this.stop();
    const mine = new AbortController();
    this.running = mine;
    this.timer = setTimeout(() => mine.abort(new Error(`no response within ${this.longest / 1000} s`)), this.longest);
    try {
      const answer = await this.load(mine.signal);
      if (this.running === mine) this.show(answer);
    } catch (error) {
      if (this.running === mine) this.fail(error);
    }
    if (this.running !== mine) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), this.every);
  }

  stop() {
    clearTimeout(this.timer);
    this.running?.abort();
    this.running = null;
  }
}
