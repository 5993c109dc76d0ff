/** Keeps the numbers of a running import fresh, and loads the page anew when it is over. */

const EVERY_MS = 1000;

async function refresh() {
  const response = await fetch(location.href, { headers: { "X-Requested-With": "fetch" } }).catch(() => null);
  if (response?.ok) {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("#progress");
    if (!fresh?.hasAttribute("data-going")) {
      location.reload();
      return;
    }
    document.querySelector("#progress").replaceChildren(...fresh.childNodes);
  }
  setTimeout(refresh, EVERY_MS);
}

setTimeout(refresh, EVERY_MS);
