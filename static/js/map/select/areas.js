/** Areas as the server takes them, from what was drawn, which may lie on any copy of the world. Pure. */
import { normaliseBox, wrapLongitude } from "../bounds.js";
import { worldX, worldY } from "../mercator.js";

/** Beyond these latitudes the map ends: what touches its edge reaches to the pole. */
const EDGE = 85.05;
const exact = (degrees) => Math.round(degrees * 1e6) / 1e6;
const toPole = (lat) => (lat >= EDGE ? 90 : lat <= -EDGE ? -90 : lat);

/** @typedef {{lat: number, lng: number}} Place @typedef {{bbox: number[]} | {type: "Polygon", coordinates: number[][][]}} Area */

/** @param {Place} a @param {Place} b opposite corners @returns {Area} */
export function boxArea(a, b) {
  const [south, north] = [Math.min(a.lat, b.lat), Math.max(a.lat, b.lat)].map(toPole);
  const box = normaliseBox(south, Math.min(a.lng, b.lng), north, Math.max(a.lng, b.lng));
  return { bbox: [box.min_lng, box.min_lat, box.max_lng, box.max_lat].map(exact) };
}

/**
 * @param {Place[]} corners without the first one again at the end
 * @returns {Area | null} longitudes run on past 180 rather than jump; null for an area wider than the world
 */
export function polygonArea(corners) {
  const west = Math.min(...corners.map(({ lng }) => lng));
  if (Math.max(...corners.map(({ lng }) => lng)) - west > 360) return null;
  const turn = wrapLongitude(west) - west;
  const ring = corners.map(({ lat, lng }) => [exact(lng + turn), exact(toPole(lat))]);
  return { type: "Polygon", coordinates: [[...ring, ring[0]]] };
}

function inRing(ring, lat, lng) {
  const y = worldY(lat);
  let isInside = false;
  ring.forEach(([toLng, toLat], i) => {
    if (i === 0) return;
    const [fromLng, fromLat] = ring[i - 1];
    const [fromY, toY] = [worldY(fromLat), worldY(toLat)];
    if (fromY > y === toY > y) return;
    const across = worldX(fromLng) + ((y - fromY) / (toY - fromY)) * (worldX(toLng) - worldX(fromLng));
    if (worldX(lng) < across) isInside = !isInside;
  });
  return isInside;
}

/** Whether a place lies in an area, for pages that have all their threats. @param {Area} area */
export function isInArea(area, lat, lng) {
  if (area.bbox) {
    const [west, south, east, north] = area.bbox;
    const isBetween = west <= east ? lng >= west && lng <= east : lng >= west || lng <= east;
    return lat >= south && lat <= north && isBetween;
  }
  const [ring] = area.coordinates;
  return inRing(ring, lat, lng) || inRing(ring, lat, lng + 360);
}
