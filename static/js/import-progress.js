/** Keeps the numbers of an import that is under way fresh, says each quarter of it, and shows what came of it. */

const EVERY_MS = 1000;
const said = document.querySelector("#progress-said");

async function refresh() {
  const response = await fetch(location.href, { headers: { "X-Requested-With": "fetch" } }).catch(() => null);
  if (response?.ok) {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("#progress");
    if (said.textContent !== fresh.dataset.said) said.textContent = fresh.dataset.said;
    if (!fresh.hasAttribute("data-going")) {
      document.querySelector("#main .page").replaceChildren(...beside(page.querySelector("#main .page")));
      return;
    }
    document.querySelector("#progress").replaceChildren(...fresh.childNodes);
  }
  setTimeout(refresh, EVERY_MS);
}

/** Return what a finished page holds, with the line that was just said left where it is. */
function beside(page) {
  page.querySelector("#progress-said").replaceWith(said);
  return page.childNodes;
}

setTimeout(refresh, EVERY_MS);
