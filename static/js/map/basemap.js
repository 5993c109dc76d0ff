/** The built-in basemap: land, coasts and borders of the world on canvas tiles, from files of our own. */
import { L } from "./leaflet.js";
import { loadAtlas } from "./atlas.js";
import { makeBreather } from "./breather.js";
import { drawLand } from "./land-drawing.js";
import { worldSize } from "./mercator.js";
import { readColours } from "./theme.js";

/** Coarsest first; each is fetched when the map first gets to its zoom. */
const LEVELS = [
  { zoom: 0, file: "land-110m.bin" },
  { zoom: 4, file: "land-50m.bin" },
  { zoom: 8, file: "land-10m.bin" },
];

export const ATTRIBUTION = "Natural Earth, GeoNames (CC BY 4.0)";

const Basemap = L.GridLayer.extend({
  options: { tileSize: 512, updateWhenZooming: false, keepBuffer: 1, className: "map-land" },

  initialize(baseUrl, options) {
    L.setOptions(this, options);
    this._baseUrl = baseUrl;
    this._atlases = LEVELS.map(() => null);
    this._asked = LEVELS.map(() => false);
    this._toPaint = new Map();
    this._isPainting = false;
    this.on("tileunload", ({ tile }) => this._toPaint.delete(tile));
  },

  onAdd(map) {
    this._colours = readColours(map.getContainer());
    L.GridLayer.prototype.onAdd.call(this, map);
    map.on("zoomend", this._needForZoom, this);
    this._needForZoom();
  },

  onRemove(map) {
    map.off("zoomend", this._needForZoom, this);
    this._toPaint.clear();
    L.GridLayer.prototype.onRemove.call(this, map);
  },

  createTile(coords, done) {
    const canvas = document.createElement("canvas");
    this._paintSoon(canvas, coords, () => done(null, canvas));
    return canvas;
  },

  /** Take the colours that hold now and paint all tiles again in place, without a flash. */
  refreshColours() {
    this._colours = readColours(this._map.getContainer());
    this._repaint();
  },

  /** Fetch what the zoom wants. The coarsest is small and always wanted, to have land in the first frame. */
  _needForZoom() {
    const zoom = this._map.getZoom();
    this._need(0);
    this._need(LEVELS.findLastIndex((level) => level.zoom <= zoom));
  },

  async _need(index) {
    if (this._asked[index]) return;
    this._asked[index] = true;
    try {
      this._atlases[index] = await loadAtlas(this._baseUrl + LEVELS[index].file);
      if (this._map) this._repaint();
    } catch (error) {
      // Without land the map still shows the threats; the next change of zoom asks again.
      this._asked[index] = false;
      this.fire("load-error", { error });
    }
  },

  /** The finest atlas at hand that is not finer than the zoom wants, or else the coarsest. */
  _atlasFor(zoom) {
    const best = LEVELS.findLastIndex((level, index) => level.zoom <= zoom && this._atlases[index]);
    return this._atlases[best] ?? this._atlases.find(Boolean) ?? null;
  },

  _repaint() {
    for (const tile of Object.values(this._tiles)) {
      const before = this._toPaint.get(tile.el);
      this._paintSoon(tile.el, this._wrapCoords(tile.coords), before?.done);
    }
  },

  /** Tiles are painted in slices, as all of a view take longer than a frame. */
  _paintSoon(canvas, coords, done = () => {}) {
    this._toPaint.set(canvas, { coords, done });
    if (!this._isPainting) this._paintAll();
  },

  async _paintAll() {
    this._isPainting = true;
    const breathe = makeBreather();
    // Leaflet expects a tile to be finished later than the call that makes it returns.
    await null;
    for (const [canvas, { coords, done }] of this._toPaint) {
      this._toPaint.delete(canvas);
      this._paint(canvas, coords);
      done();
      await breathe();
    }
    this._isPainting = false;
  },

  _paint(canvas, coords) {
    const pixels = this.getTileSize().x;
    const ratio = globalThis.devicePixelRatio || 1;
    const device = Math.round(pixels * ratio);
    if (canvas.width !== device) canvas.width = canvas.height = device;
    const ctx = canvas.getContext("2d", { alpha: false });
    ctx.setTransform(device / pixels, 0, 0, device / pixels, 0, 0);
    const side = pixels / worldSize(coords.z);
    const square = { west: coords.x * side, north: coords.y * side, side, pixels };
    drawLand(ctx, this._atlasFor(coords.z), square, this._colours, coords.z);
  },
});

/**
 * Make the basemap layer.
 *
 * @param {string} baseUrl of the folder with the land files, with a trailing slash
 * @returns {L.GridLayer & {refreshColours(): void}} fires `load-error` {error} when a file can't be read
 */
export function createBasemap(baseUrl) {
  return new Basemap(baseUrl, { attribution: ATTRIBUTION });
}
