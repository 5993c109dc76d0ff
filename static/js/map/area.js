/** The area that an incident was drawn with, as an outline that takes no clicks. */
import { L } from "./leaflet.js";

/**
 * Make the layer of an area. Its colour is the class's, in the style sheet.
 *
 * @param {object} geometry GeoJSON of a Polygon or a MultiPolygon, in degrees
 * @returns {L.GeoJSON} with `getBounds`
 */
export function drawArea(geometry) {
  return L.geoJSON(geometry, { interactive: false, style: { className: "map-area", fill: false, weight: 2, dashArray: "6 5" } });
}
