/** Keeps the desk's line about its feeds true while the page stays open. */

const EVERY_MS = 60_000;

async function refresh() {
  const line = document.getElementById("freshness");
  const asked = { headers: { "X-Requested-With": "fetch" }, cache: "no-store" };
  const response = document.hidden ? null : await fetch("/feeds/fresh", asked).catch(() => null);
  if (response?.ok && !line.contains(document.activeElement)) {
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("freshness");
    if (fresh) line.replaceWith(fresh);
  }
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
