// Keeping the page itself for times without a network. That is the work of a service worker, which browsers start on secure pages alone.
import { t } from "./strings.js";

const file = "post_worker.js";

// kept resolves once a worker has all files. It throws where one of them cannot be loaded.
const kept = (worker) => new Promise((resolve, reject) => {
  const look = () => {
    if (worker.state === "activated") resolve();
    if (worker.state === "redundant") reject(new Error(t("not_all_files")));
  };
  worker.addEventListener("statechange", look);
  look();
});

// keep resolves with why the page cannot be kept; empty where it is.
export async function keep() {
  if (!isSecureContext || !navigator.serviceWorker) return t("insecure");
  try {
    const address = globalThis.trustedTypes?.createPolicy("worker", { createScriptURL: () => file }).createScriptURL("") ?? file;
    const { installing, waiting, active } = await navigator.serviceWorker.register(address, { scope: "post" });
    await kept(active ?? waiting ?? installing);
    return "";
  } catch (error) {
    return t("not_kept", { reason: error.message });
  }
}
