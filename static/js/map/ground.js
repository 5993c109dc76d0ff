/** What lies under everything: the built-in basemap with its names, or tiles of the operator's choice. */
import { safeAttribution } from "./attribution.js";
import { createBasemap } from "./basemap.js";
import { createLabels } from "./labels.js";
import { L } from "./leaflet.js";
import { MAX_ZOOM } from "./leaflet-map.js";

function builtIn(map, data, failed) {
  const baseUrl = data.basemapUrl ?? new URL("../../basemap/", import.meta.url).href;
  const layers = [createBasemap(baseUrl), createLabels(baseUrl)];
  for (const layer of layers) layer.on("load-error", ({ error }) => failed(error)).addTo(map);
  return layers;
}

/**
 * Put the ground on a map.
 *
 * @param {L.Map} map @param {DOMStringMap} data of the map's element, see `createMap` in map.js
 * @param {(error: Error) => void} failed called when a file can't be read
 * @returns {{layers: {refreshColours?: () => void, keepClear?: (find: Function) => void}[]}} `layers` fills later for a file of
 *   vector tiles; when that can't be read, with the built-in basemap
 */
export function addGround(map, data, failed) {
  const ground = { layers: [] };
  const use = (layers) => {
    ground.layers = layers;
    for (const layer of layers) map.attributionControl.addAttribution(layer.getAttribution?.() ?? "");
  };
  if (data.tileUrl) {
    const attribution = safeAttribution(data.tileAttribution ?? "");
    use([L.tileLayer(data.tileUrl, { attribution, maxZoom: MAX_ZOOM }).addTo(map)]);
  } else if (data.pmtilesUrl) {
    import("./vector-ground.js")
      .then(({ addVectorGround }) => addVectorGround(map, data.pmtilesUrl))
      .then((layer) => use([layer]))
      .catch((error) => {
        failed(error);
        use(builtIn(map, data, failed));
      });
  } else {
    use(builtIn(map, data, failed));
  }
  return ground;
}
