/** The operator's own file of vector tiles (PMTiles, in the schema of Protomaps) as the ground. */

const LIBRARY = new URL("../../vendor/protomaps-leaflet-5.1.0/protomaps-leaflet.js", import.meta.url).href;
/** The header of a PMTiles file, version 3: https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md */
const HEADER = { length: 127, tileType: 99, maxZoom: 101, vector: 1 };

/** The library is a classic script, which leaves one name on the window. */
function loadLibrary() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = LIBRARY;
    script.addEventListener("load", () => resolve(globalThis.protomapsL));
    script.addEventListener("error", () => reject(new Error(`${LIBRARY} can't be loaded`)));
    document.head.append(script);
  });
}

/** @returns {Promise<number>} the finest zoom that the file has tiles of */
async function readMaxZoom(url) {
  const answer = await fetch(url, { headers: { Range: `bytes=0-${HEADER.length - 1}` } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const mark = String.fromCharCode(...bytes.subarray(0, 7));
  if (mark !== "PMTiles" || bytes[7] !== 3 || bytes[HEADER.tileType] !== HEADER.vector) throw new Error(`${url} holds no vector tiles`);
  return bytes[HEADER.maxZoom];
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/**
 * Put the file's tiles on a map, in the colours of the page.
 *
 * @param {L.Map} map @param {string} url of the file, same-origin, served with ranges
 * @returns {Promise<{getAttribution: () => string, refreshColours: () => void}>}
 * @throws {Error} when the library or the file can't be read
 */
export async function addVectorGround(map, url) {
  const [library, maxDataZoom] = await Promise.all([loadLibrary(), readMaxZoom(url)]);
  const add = () => library.leafletLayer({ url, flavor: isDark() ? "dark" : "light", lang: "en", maxDataZoom }).addTo(map);
  let layer = add();
  return {
    getAttribution: () => layer.getAttribution(),
    refreshColours() {
      layer.remove();
      layer = add();
    },
  };
}
