/** The built-in basemap: land, coasts and borders of the world on canvas tiles, from files of our own. */
import { L } from "./leaflet.js";
import { loadAtlas } from "./atlas.js";
import { drawLand } from "./land-drawing.js";
import { worldSize } from "./mercator.js";
import { readColours } from "./theme.js";

/** From this zoom on the finer coastline is worth its bytes. */
const FINE_FROM_ZOOM = 4;

export const ATTRIBUTION = "Natural Earth, GeoNames (CC BY 4.0)";

const Basemap = L.GridLayer.extend({
  options: { tileSize: 512, updateWhenZooming: false, keepBuffer: 1, className: "map-land" },

  initialize(baseUrl, options) {
    L.setOptions(this, options);
    this._baseUrl = baseUrl;
    this._atlas = { coarse: null, fine: null };
    this._asked = {};
  },

  onAdd(map) {
    this._colours = readColours(map.getContainer());
    L.GridLayer.prototype.onAdd.call(this, map);
    this._need("coarse", "land-110m.bin");
    map.on("zoomend", this._needForZoom, this);
    this._needForZoom();
  },

  onRemove(map) {
    map.off("zoomend", this._needForZoom, this);
    L.GridLayer.prototype.onRemove.call(this, map);
  },

  createTile(coords, done) {
    const canvas = document.createElement("canvas");
    this._paint(canvas, coords);
    // Leaflet expects the tile to be finished later than this call returns.
    queueMicrotask(() => done(null, canvas));
    return canvas;
  },

  /** Take the colours that hold now and paint all tiles again in place, without a flash. */
  refreshColours() {
    this._colours = readColours(this._map.getContainer());
    this._repaint();
  },

  _needForZoom() {
    if (this._map.getZoom() >= FINE_FROM_ZOOM) this._need("fine", "land-50m.bin");
  },

  async _need(level, file) {
    if (this._asked[level]) return;
    this._asked[level] = true;
    try {
      this._atlas[level] = await loadAtlas(this._baseUrl + file);
      if (this._map) this._repaint();
    } catch (error) {
      // Without land the map still shows the threats; the next change of zoom asks again.
      this._asked[level] = false;
      this.fire("load-error", { error });
    }
  },

  _repaint() {
    for (const tile of Object.values(this._tiles)) this._paint(tile.el, this._wrapCoords(tile.coords));
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
    const fine = coords.z >= FINE_FROM_ZOOM && this._atlas.fine;
    drawLand(ctx, fine || this._atlas.coarse || this._atlas.fine, square, this._colours, coords.z);
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
