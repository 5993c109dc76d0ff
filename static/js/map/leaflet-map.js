/** Makes the Leaflet map that the parts are put on: its limits, and no motion for those who want none. */
import { L } from "./leaflet.js";

export const MAX_ZOOM = 18;
const WORLD = [[20, 0], 2];

/** Read "lat,lng,zoom". @returns {[[number, number], number] | null} */
function parseView(text) {
  const parts = (text ?? "").split(",").map(Number);
  return parts.length === 3 && parts.every(Number.isFinite) ? [[parts[0], parts[1]], parts[2]] : null;
}

/** The zoom at which the world is about as high as the map, so that it can't be zoomed out to a stamp. */
export function leastZoom(element) {
  return Math.max(1, Math.min(3, Math.round(Math.log2(Math.max(1, element.clientHeight) / 256))));
}

/** @param {HTMLElement} element its `data-view` says where to start @returns {L.Map} */
export function makeLeafletMap(element) {
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
