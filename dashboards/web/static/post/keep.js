// Keeping the page itself for times without a network. That is the work of a service worker, which browsers start on secure pages alone.
import { t } from "./strings.js";

const file = "post_worker.js";

// keep resolves with why the page cannot be kept; empty where it is.
export async function keep() {
  if (!isSecureContext || !navigator.serviceWorker) return t("insecure");
  try {
    const address = globalThis.trustedTypes?.createPolicy("worker", { createScriptURL: () => file }).createScriptURL("") ?? file;
    await navigator.serviceWorker.register(address, { scope: "post" });
    await navigator.storage?.persist?.(); // what is recorded is not removed where the device is short of room
    return "";
  } catch (error) {
    return t("not_kept", { reason: error.message });
  }
}
