// A browser's storage, with room for so many characters.
export function storage(room = Infinity) {
  const all = new Map();
  const used = () => [...all].reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  return {
    get length() { return all.size; },
    key: (i) => [...all.keys()][i] ?? null,
    getItem: (key) => all.get(key) ?? null,
    removeItem: (key) => { all.delete(key); },
    setItem: (key, value) => {
      const before = all.get(key);
      all.set(key, String(value));
      if (used() <= room) return;
      if (before === undefined) all.delete(key);
      else all.set(key, before);
      throw new Error("the quota is exceeded");
    },
  };
}
