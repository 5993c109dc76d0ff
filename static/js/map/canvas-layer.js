/** A Leaflet layer that is one canvas over the view and a margin round it, redrawn only when the margin is used up. */
import { L } from "./leaflet.js";
import { worldSize } from "./mercator.js";

/** Share of the view that is drawn beyond each of its edges. */
const PADDING = 0.2;

/**
 * Subclasses give `_draw(ctx, frame)`, and `_isEmpty()` if there may be nothing to draw, for which no canvas is kept. A frame says what the canvas covers:
 * `{zoom, world, left, top, width, height}`, where `world` is the width of the world and `left`/`top` are the canvas' corner,
 * in CSS pixels from the world's north-west corner; `left` may lie on any turn of the world. Fires `drawn`.
 */
export const CanvasLayer = L.Layer.extend({
  options: { pane: "overlayPane" },

  onAdd(map) {
    const canvas = L.DomUtil.create("canvas", "map-canvas leaflet-zoom-animated");
    canvas.setAttribute("aria-hidden", "true");
    this._canvas = canvas;
    this._ctx = canvas.getContext("2d");
    this.getPane().append(canvas);
    map.whenReady(() => this.redrawNow());
  },

  _isEmpty() {
    return false;
  },

  onRemove() {
    cancelAnimationFrame(this._request);
    this._request = 0;
    this._canvas.remove();
    this._frame = null;
  },

  getEvents() {
    return {
      viewreset: this.redraw,
      move: this._moved,
      moveend: this.redraw,
      zoom: this._zoomed,
      zoomend: this.redraw,
      resize: this.redraw,
      zoomanim: this._animateZoom,
    };
  },

  /** Draw again before the next frame. */
  redraw() {
    if (!this._map || this._request) return;
    this._request = requestAnimationFrame(() => this.redrawNow());
  },

  /** Draw again at once. */
  redrawNow() {
    cancelAnimationFrame(this._request);
    this._request = 0;
    const map = this._map;
    if (!map || map._animatingZoom) return;
    if (this._isEmpty()) {
      this._canvas.width = this._canvas.height = 0;
      this._frame = null;
      return;
    }
    const size = map.getSize();
    const pad = L.point(Math.ceil(size.x * PADDING), Math.ceil(size.y * PADDING));
    const corner = map.getPixelBounds().min.subtract(pad);
    const zoom = map.getZoom();
    const frame = {
      zoom,
      world: worldSize(zoom),
      left: corner.x,
      top: corner.y,
      width: size.x + 2 * pad.x,
      height: size.y + 2 * pad.y,
    };
    this._frame = frame;
    this._center = map.getCenter();
    const ratio = globalThis.devicePixelRatio || 1;
    const width = Math.round(frame.width * ratio);
    const height = Math.round(frame.height * ratio);
    if (this._canvas.width !== width || this._canvas.height !== height) {
      this._canvas.width = width;
      this._canvas.height = height;
      this._canvas.style.width = `${frame.width}px`;
      this._canvas.style.height = `${frame.height}px`;
    }
    L.DomUtil.setPosition(this._canvas, map.containerPointToLayerPoint([-pad.x, -pad.y]));
    this._ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    this._ctx.clearRect(0, 0, frame.width, frame.height);
    this._draw(this._ctx, frame);
    this.fire("drawn");
  },

  /** @param {L.Point} point in the map's container @returns {L.Point} on the canvas */
  _toCanvas(point) {
    const bounds = this._map.getPixelBounds();
    return L.point(point.x + bounds.min.x - this._frame.left, point.y + bounds.min.y - this._frame.top);
  },

  _moved() {
    const frame = this._frame;
    // While zooming the canvas is scaled as a picture; it is drawn afresh at the end.
    if (!frame || frame.zoom !== this._map.getZoom()) return;
    const view = this._map.getPixelBounds();
    const inside =
      view.min.x >= frame.left && view.min.y >= frame.top &&
      view.max.x <= frame.left + frame.width && view.max.y <= frame.top + frame.height;
    if (!inside) this.redraw();
  },

  _zoomed() {
    this._transform(this._map.getCenter(), this._map.getZoom());
  },

  _animateZoom(event) {
    this._transform(event.center, event.zoom);
  },

  _transform(center, zoom) {
    if (!this._frame) return;
    const map = this._map;
    const scale = map.getZoomScale(zoom, this._frame.zoom);
    const half = L.point(this._frame.width, this._frame.height).multiplyBy(scale / 2);
    const corner = map.project(this._center, zoom).subtract(half).subtract(map._getNewPixelOrigin(center, zoom));
    L.DomUtil.setTransform(this._canvas, corner, scale);
  },
});

/** Call `draw` with the left edge, on the canvas, of each turn of the world that the frame touches. */
export function eachWorld(frame, draw) {
  const first = Math.floor(frame.left / frame.world);
  const last = Math.floor((frame.left + frame.width) / frame.world);
  for (let turn = first; turn <= last; turn += 1) draw(turn * frame.world - frame.left);
}
