/** Boxes in degrees that may cross the antimeridian. Pure functions, no map needed. */

/**
 * @typedef {{min_lat: number, min_lng: number, max_lat: number, max_lng: number}} Box
 *   Degrees. `min_lng > max_lng` means that the box crosses the antimeridian.
 */

/** Bring a longitude into -180 (included) to 180 (not included). */
export function wrapLongitude(lng) {
  return ((((lng + 180) % 360) + 360) % 360) - 180;
}

/**
 * Turn the edges of a view or a drawn box, which may lie on any copy of the world, into a box.
 *
 * @param {number} south degrees @param {number} west degrees, any turn @param {number} north degrees
 * @param {number} east degrees, not below `west`
 * @returns {Box} the whole world's width when 360 degrees or wider
 */
export function normaliseBox(south, west, north, east) {
  const min_lat = Math.max(-90, Math.min(south, north));
  const max_lat = Math.min(90, Math.max(south, north));
  if (east - west >= 360) return { min_lat, min_lng: -180, max_lat, max_lng: 180 };
  const min_lng = wrapLongitude(west);
  let max_lng = wrapLongitude(east);
  // An eastern edge that lies on the antimeridian is 180, or the box would seem to go round the world.
  if (max_lng === -180 && east > west) max_lng = 180;
  return { min_lat, min_lng, max_lat, max_lng };
}

/** The same from a Leaflet LatLngBounds. @returns {Box} */
export function fromLeaflet(bounds) {
  return normaliseBox(bounds.getSouth(), bounds.getWest(), bounds.getNorth(), bounds.getEast());
}

/** The same from edges as `edgesAround` gives them. @returns {Box} */
export function fromEdges({ south, west, north, east }) {
  return normaliseBox(south, west, north, east);
}

/** As an address carries it: "minLng,minLat,maxLng,maxLat", about 0.1 m exact. @param {Box} box @returns {string} */
export function asParameter(box) {
  return [box.min_lng, box.min_lat, box.max_lng, box.max_lat].map((edge) => edge.toFixed(6)).join(",");
}

/**
 * Find the smallest box round some points, crossing the antimeridian when that makes it narrower.
 *
 * @param {ArrayLike<number>} lats degrees @param {ArrayLike<number>} lngs degrees, -180 to 180
 * @returns {{south: number, west: number, north: number, east: number} | null} edges for Leaflet, `east` perhaps above 180
 */
export function edgesAround(lats, lngs) {
  const count = lats.length;
  if (!count) return null;
  let south = 90;
  let north = -90;
  for (let i = 0; i < count; i += 1) {
    if (lats[i] < south) south = lats[i];
    if (lats[i] > north) north = lats[i];
  }
  const sorted = Float64Array.from(lngs).sort();
  // The box is all of the circle but its widest empty stretch.
  let widest = sorted[0] + 360 - sorted[count - 1];
  let west = sorted[0];
  let east = sorted[count - 1];
  for (let i = 1; i < count; i += 1) {
    const gap = sorted[i] - sorted[i - 1];
    if (gap > widest) {
      widest = gap;
      west = sorted[i];
      east = sorted[i - 1] + 360;
    }
  }
  return { south, west, north, east };
}
