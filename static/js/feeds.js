/** Keeps the states of feeds on a page fresh, without touching their forms. */

const EVERY_MS = 5000;
let etag = "";

async function refresh() {
  const headers = { "X-Requested-With": "fetch", ...(etag && { "If-None-Match": etag }) };
  const response = document.hidden ? null : await fetch("/feeds/state", { headers, cache: "no-store" }).catch(() => null);
  if (response?.ok) {
    etag = response.headers.get("ETag") ?? "";
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of fresh.querySelectorAll("[id]")) {
      const old = document.getElementById(part.id);
      // What holds the focus stays as it is until the focus has moved on.
      if (old && !old.contains(document.activeElement) && old.innerHTML !== part.innerHTML) old.replaceWith(part);
    }
  }
  setTimeout(refresh, EVERY_MS);
}

setTimeout(refresh, EVERY_MS);
