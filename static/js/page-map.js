/** The maps of the pages of one incident, of one threat, and of a file to be imported. */
import { createMap } from "./map/map.js";
import { isInArea } from "./map/select/areas.js";
import { smallView } from "./map/small-view.js";

/** One threat, said by the element's own data. */
function onlyThreat({ id, lat, lng, rank, precision, uncertaintyKm }) {
  return {
    ids: [id],
    lat: [Number(lat)],
    lng: [Number(lng)],
    severity: [Number(rank)],
    precision: [precision || null],
    uncertainty_km: [uncertaintyKm ? Number(uncertaintyKm) : null],
    total: 1,
  };
}

/** Let the map tick the boxes of a form, and show which are ticked. Threats without a row go into the hidden field. */
function join(map, form, data) {
  const elsewhere = form.elements.selected;
  const boxOf = (id) => form.querySelector(`input[name="threat_ids"][value="${id}"]`);
  const others = () => new Set(elsewhere.value.split(" ").filter(Boolean));
  const selected = () => {
    const ids = others();
    for (const box of form.querySelectorAll('input[name="threat_ids"]:checked')) ids.add(box.value);
    return ids;
  };
  const set = (ids, isOn) => {
    const unlisted = others();
    for (const id of ids) {
      const box = boxOf(id);
      if (box) box.checked = isOn;
      else if (isOn) unlisted.add(id);
      else unlisted.delete(id);
    }
    elsewhere.value = [...unlisted].join(" ");
    form.dispatchEvent(new Event("change"));
  };
  const show = () => map.setView(smallView(data, selected()));
  form.addEventListener("change", show);
  map.on("point-click", ({ id, mode }) => set([id], mode ? mode === "add" : !selected().has(id)));
  map.on("cluster-click", ({ ids, action, mode }) => action !== "zoom" && set(ids, mode !== "take"));
  map.on("select", ({ area, mode }) => {
    const isInside = (_, i) => data.lat[i] !== null && isInArea(area, data.lat[i], data.lng[i]);
    set(data.ids.filter(isInside), mode === "add");
  });
  show();
}

async function show(element) {
  const form = document.getElementById(element.dataset.selects);
  const map = createMap(element, { selects: Boolean(form) });
  if (!map) return;
  map.on("show-all", () => map.fit());
  if (element.dataset.area) map.setArea(JSON.parse(element.dataset.area));
  if (element.dataset.shown) {
    map.setView(smallView(JSON.parse(element.dataset.shown), new Set()));
  } else if (!element.dataset.points) {
    map.setView(smallView(onlyThreat(element.dataset), new Set()));
  } else {
    const response = await fetch(element.dataset.points, { headers: { "X-Requested-With": "fetch" } });
    if (!response.ok) return;
    const data = await response.json();
    map.setView(smallView(data, new Set()));
    if (form) join(map, form, data);
    else map.on("point-click", ({ id }) => location.assign(`/threats/${id}`));
  }
  if (element.dataset.areas) await map.setAreas(element.dataset.areas);
  map.fit();
}

document.querySelectorAll("[data-map]").forEach(show);
