// Keeps the files of the form, so that it opens without a network. The server writes the version of the page into it: where that is
// another one, the browser installs this worker again, and the files come from the server. It never answers for the API.
const version = "";
const files = [
  "post", "page.css", "post.css", "icon.svg", "theme.js", "broken.js", "dom.js", "format.js", "strings.js", "measures.js",
  "post/main.js", "post/ask.js", "post/clock.js", "post/event.js", "post/form.js", "post/keep.js", "post/lists.js", "post/queue.js", "post/rights.js",
  "post/sender.js", "post/strings.js", "post/zone.js",
];
const prefix = "post ";
const own = prefix + version;
const addresses = new Set(files.map((file) => new URL(file, location).href));

async function install() {
  const cache = await caches.open(own);
  await cache.addAll([...addresses].map((address) => new Request(address, { cache: "no-cache" })));
  await skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) if (name.startsWith(prefix) && name !== own) await caches.delete(name);
  await clients.claim();
}

async function answer(address, request) {
  return await (await caches.open(own)).match(address) ?? fetch(request);
}

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("fetch", (event) => {
  const address = event.request.url.replace(/[?#].*$/, "");
  if (event.request.method === "GET" && addresses.has(address)) event.respondWith(answer(address, event.request));
});
