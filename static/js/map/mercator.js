/** Web Mercator in world widths: x and y are 0 to 1, from the west and from the north. */

const MAX_LATITUDE = 85.0511287798;
const EQUATOR_KM = 40075.016686;

/** @param {number} lng degrees */
export function worldX(lng) {
  return lng / 360 + 0.5;
}

/** @param {number} lat degrees; clamped to the latitudes that the projection shows */
export function worldY(lat) {
  const clamped = Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, lat));
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + (clamped * Math.PI) / 360)) / (2 * Math.PI);
}

/** @param {number} x world widths @returns {number} degrees */
export function longitude(x) {
  return (x - 0.5) * 360;
}

/** @param {number} y world widths @returns {number} degrees */
export function latitude(y) {
  return (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90;
}

/** @param {number} zoom @returns {number} width of the world in CSS pixels */
export function worldSize(zoom) {
  return 256 * 2 ** zoom;
}

/** How long a distance is on the map. @param {number} km @param {number} lat degrees @param {number} zoom @returns {number} CSS pixels */
export function kilometresToPixels(km, lat, zoom) {
  const squeeze = Math.cos((Math.min(MAX_LATITUDE, Math.abs(lat)) * Math.PI) / 180);
  return (km / (EQUATOR_KM * squeeze)) * worldSize(zoom);
}
