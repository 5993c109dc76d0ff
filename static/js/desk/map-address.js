/** Where the map is and whether it shows heat, in the part of the address behind "#": `#map=9.08,7.4,6&heat=on`. */

/** Whether that part is about the map, rather than an element of the page. */
export function isMapAddress() {
  return /^#(map|heat)=/.test(location.hash);
}

/** @returns {{place: {lat: number, lng: number, zoom: number} | null, heat: boolean}} what the address says */
export function readMapAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const [lat, lng, zoom] = (parts.get("map") ?? "").split(",").map(Number);
  const isPlace = parts.has("map") && Math.abs(lat) <= 90 && Math.abs(lng) <= 180 && Number.isFinite(zoom);
  return { place: isPlace ? { lat, lng, zoom } : null, heat: parts.get("heat") === "on" };
}

/** @param {{place: {lat: number, lng: number, zoom: number} | null, heat: boolean}} state goes into the present entry of the history */
export function writeMapAddress({ place, heat }) {
  const parts = [];
  if (place) parts.push(`map=${place.lat.toFixed(5)},${place.lng.toFixed(5)},${place.zoom}`);
  if (heat) parts.push("heat=on");
  history.replaceState(history.state, "", `${location.pathname}${location.search}${parts.length ? `#${parts.join("&")}` : ""}`);
}
