// How much time has passed. A browser has two clocks: one may stand while the machine sleeps, and people set the other. Elapsed is
// what either says has passed: to believe in too long a silence costs one connection, in too short a one shows old numbers as new.
export const clocks = () => [performance.now(), Date.now()];
export const elapsed = (then) => Math.max(...clocks().map((now, i) => now - then[i]));
