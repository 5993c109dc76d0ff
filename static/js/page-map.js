/** The maps of the pages of one incident and of one threat. */
import { forgetSentDrafts } from "./desk/draft.js";
import { createMap } from "./map/map.js";

/** One threat, said by the element's own data. */
function onlyThreat({ id, lat, lng, rank, precision, uncertaintyKm, title }) {
  return {
    ids: [id],
    lat: [Number(lat)],
    lng: [Number(lng)],
    severity: [Number(rank)],
    precision: [precision || null],
    uncertainty_km: [uncertaintyKm ? Number(uncertaintyKm) : null],
    title: [title],
    total: 1,
  };
}

async function show(element) {
  const map = createMap(element);
  map.on("threat-click", ({ id }) => id !== element.dataset.id && location.assign(`/threats/${id}`));
  if (!element.dataset.points) {
    map.setThreats(onlyThreat(element.dataset));
  } else {
    const response = await fetch(element.dataset.points, { headers: { "X-Requested-With": "fetch" } });
    if (!response.ok) return;
    map.setThreats(await response.json());
  }
  map.fit();
}

if (document.querySelector("[data-incident-made]")) forgetSentDrafts();
document.querySelectorAll("[data-map]").forEach(show);
