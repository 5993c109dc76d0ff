/** List and map agree: what is pointed at or has the focus in the one is marked in the other. */

const idOf = (row) => row?.querySelector('input[name="threat_ids"]')?.value;
const degrees = (text) => (text ? Number(text) : null);

/**
 * @param {HTMLElement} list whose rows may be replaced at any time
 * @param {import("../map/map.js").CordonMap} map
 */
export function agree(list, map) {
  let marked = null;
  const mark = (row) => {
    const id = idOf(row);
    if (id === marked) return;
    marked = id;
    map.highlight(id ? { id, lat: degrees(row.dataset.lat), lng: degrees(row.dataset.lng) } : null);
  };
  for (const type of ["pointerover", "focusin"]) list.addEventListener(type, ({ target }) => mark(target.closest("tr")));
  list.addEventListener("pointerleave", () => mark(document.activeElement?.closest("#list tr")));
  list.addEventListener("focusout", ({ relatedTarget }) => mark(relatedTarget?.closest("#list tr")));
  map.on("hover", ({ ids }) => {
    const wanted = new Set(ids);
    for (const row of list.querySelectorAll("tbody tr")) row.classList.toggle("is-pointed", wanted.has(idOf(row)));
  });
}
