/** Joins the parts of the map: basemap or tiles, names, threats, box selection, key. */
import { drawArea } from "./area.js";
import { safeAttribution } from "./attribution.js";
import { createBasemap } from "./basemap.js";
import { fromLeaflet } from "./bounds.js";
import { addControl, iconButton } from "./controls.js";
import { createKey } from "./key.js";
import { createLabels } from "./labels.js";
import { L } from "./leaflet.js";
import { createBoxSelect } from "./select.js";
import { watchTheme } from "./theme.js";
import { createThreats } from "./threats.js";

const MAX_ZOOM = 18;
/** `fit` does not zoom in further than this: a few streets round a single threat. */
const FIT_ZOOM = 9;
const WORLD = [[20, 0], 2];

/** Read "lat,lng,zoom". @returns {[[number, number], number] | null} */
function parseView(text) {
  const parts = (text ?? "").split(",").map(Number);
  return parts.length === 3 && parts.every(Number.isFinite) ? [[parts[0], parts[1]], parts[2]] : null;
}

/** The zoom at which the world is about as high as the map, so that it can't be zoomed out to a stamp. */
function leastZoom(element) {
  return Math.max(1, Math.min(3, Math.round(Math.log2(Math.max(1, element.clientHeight) / 256))));
}

function makeLeafletMap(element) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const [center, zoom] = parseView(element.dataset.view) ?? WORLD;
  const minZoom = leastZoom(element);
  const map = L.map(element, {
    center,
    zoom: Math.max(minZoom, Math.min(MAX_ZOOM, zoom)),
    minZoom,
    maxZoom: MAX_ZOOM,
    // North and south the map ends; east and west it goes round.
    maxBounds: [[-85.06, -36000], [85.06, 36000]],
    maxBoundsViscosity: 1,
    boxZoom: false,
    zoomControl: false,
    attributionControl: false,
    fadeAnimation: false,
    zoomAnimation: !calm,
    inertia: !calm,
    markerZoomAnimation: false,
  });
  // Leaflet slides at the arrow keys whatever its options say.
  if (calm) map.panBy = (offset, options) => L.Map.prototype.panBy.call(map, offset, { ...options, animate: false });
  return map;
}

function addGround(map, data) {
  if (data.tileUrl) {
    const attribution = safeAttribution(data.tileAttribution ?? "");
    return [L.tileLayer(data.tileUrl, { attribution, maxZoom: MAX_ZOOM }).addTo(map)];
  }
  const baseUrl = data.basemapUrl ?? new URL("../../basemap/", import.meta.url).href;
  return [createBasemap(baseUrl).addTo(map), createLabels(baseUrl).addTo(map)];
}

function nameContainer(element) {
  if (!element.hasAttribute("role")) element.setAttribute("role", "application");
  if (!element.hasAttribute("aria-label") && !element.hasAttribute("aria-labelledby")) {
    element.setAttribute("aria-label", "Map of threats. The list holds the same threats.");
  }
}

/**
 * Make the map.
 *
 * The element's data attributes: `data-basemap-url` (folder of the built-in basemap, with a trailing slash),
 * `data-tile-url` and `data-tile-attribution` (raster tiles instead of it), `data-view` ("lat,lng,zoom" to start with).
 *
 * Events for `on`: `threat-click` {id, originalEvent}; `cluster-click` {ids, latlng, action, originalEvent} (see
 * threats.js); `select` {box, bounds, mode, source} and `select-mode` {selecting, mode} (see select.js); `view`
 * {box, lat, lng, zoom} after every move; `load-error` {error} when a basemap file can't be read.
 *
 * @param {HTMLElement} element with a height
 * @param {{selects?: boolean}} options `selects` false leaves out box selection, on pages that only show
 * @returns {{map: L.Map, setThreats: (data: ThreatData) => void, setArea: (geometry: object) => void,
 *   setSelected: (ids: Set<string>) => void,
 *   fit: () => void, on: (type: string, listener: (event: object) => void) => () => void, remove: () => void}}
 *
 * @typedef {{ids: string[], lat: (number|null)[], lng: (number|null)[], severity: number[], precision: string[],
 *   uncertainty_km: (number|null)[], title: string[], place?: string[], total: number}} ThreatData
 *   Parallel arrays: degrees, severity rank 0 to 4, `exact` or another precision. `total` counts those that match, wherever.
 */
export function createMap(element, { selects = true } = {}) {
  nameContainer(element);
  const map = makeLeafletMap(element);
  const listeners = new EventTarget();
  const emit = (type, detail) => listeners.dispatchEvent(new CustomEvent(type, { detail }));
  const ground = addGround(map, element.dataset);
  const threats = createThreats().addTo(map);
  const select = selects
    ? createBoxSelect(map, {
        selected: (event) => emit("select", event),
        modeChanged: (event) => emit("select-mode", event),
      })
    : null;
  let area = null;
  const key = createKey(element);
  const note = document.createElement("span");

  const fit = () => {
    const edges = threats.edges();
    const bounds = L.latLngBounds(edges ? [[edges.south, edges.west], [edges.north, edges.east]] : []);
    if (area) bounds.extend(area.getBounds());
    if (bounds.isValid()) map.fitBounds(bounds, { padding: [32, 32], maxZoom: FIT_ZOOM });
  };

  L.control.zoom({ position: "topleft" }).addTo(map);
  const fitButton = iconButton("fit", "Show all threats", fit);
  if (select) addControl(map, "topleft", "map-bar", [select.button, select.viewButton]);
  addControl(map, "topleft", "map-bar", [fitButton]);
  addControl(map, "topright", "map-bar map-bar-key", [key.button, key.panel]);
  addControl(map, "bottomleft", "map-note", [note]);
  L.control.attribution({ prefix: "Leaflet" }).addTo(map);
  for (const layer of ground) map.attributionControl.addAttribution(layer.getAttribution?.() ?? "");

  for (const type of ["threat-click", "cluster-click"]) {
    threats.on(type, ({ type: _, target, sourceTarget, propagatedFrom, ...detail }) => emit(type, detail));
  }
  for (const layer of ground) layer.on("load-error", ({ error }) => emit("load-error", { error }));
  map.on("moveend", () => {
    const { lat, lng } = map.getCenter().wrap();
    emit("view", { box: fromLeaflet(map.getBounds()), lat, lng, zoom: map.getZoom() });
  });

  const unwatch = watchTheme(() => [...ground, threats, key].forEach((part) => part.refreshColours?.()));
  const observer = new ResizeObserver(() => {
    map.invalidateSize({ pan: false, debounceMoveend: true });
    map.setMinZoom(leastZoom(element));
  });
  observer.observe(element);

  return {
    map,
    fit,
    setThreats(data) {
      threats.setThreats(data);
      for (const layer of ground) layer.keepClear?.((zoom, world) => threats.boxes(zoom, world));
      const count = threats.count().toLocaleString();
      note.textContent = `${count} of ${(data.total ?? data.ids.length).toLocaleString()} on the map`;
      fitButton.disabled = threats.count() === 0;
    },
    setSelected: (ids) => threats.setSelected(ids),
    setArea(geometry) {
      area?.remove();
      area = drawArea(geometry).addTo(map);
    },
    on(type, listener) {
      const handler = (event) => listener(event.detail);
      listeners.addEventListener(type, handler);
      return () => listeners.removeEventListener(type, handler);
    },
    remove() {
      observer.disconnect();
      unwatch();
      select?.remove();
      map.remove();
    },
  };
}
