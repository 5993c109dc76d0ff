/** What lies under everything: the built-in basemap with its names, or raster tiles of the operator's choice. */
import { safeAttribution } from "./attribution.js";
import { createBasemap } from "./basemap.js";
import { createLabels } from "./labels.js";
import { L } from "./leaflet.js";
import { MAX_ZOOM } from "./leaflet-map.js";

/**
 * Put the ground on a map.
 *
 * @param {L.Map} map @param {DOMStringMap} data of the map's element, see `createMap` in map.js
 * @param {(error: Error) => void} failed called when a file can't be read
 * @returns {L.Layer[]}
 */
export function addGround(map, data, failed) {
  if (data.tileUrl) {
    const attribution = safeAttribution(data.tileAttribution ?? "");
    return [L.tileLayer(data.tileUrl, { attribution, maxZoom: MAX_ZOOM }).addTo(map)];
  }
  const baseUrl = data.basemapUrl ?? new URL("../../basemap/", import.meta.url).href;
  const layers = [createBasemap(baseUrl), createLabels(baseUrl)];
  for (const layer of layers) layer.on("load-error", ({ error }) => failed(error)).addTo(map);
  return layers;
}
