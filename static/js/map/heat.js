/** The heat map: how densely threats lie, on a canvas of its own under their marks. */
import { L } from "./leaflet.js";
import { CanvasLayer } from "./canvas-layer.js";
import { density, SQUARE } from "./density.js";
import { readColours } from "./theme.js";

const PANE = "map-heat";
/** Steps of the colour ramp. */
const STEPS = 256;
/** Alpha of the heat, and the share of the densest below which it fades out. */
const OPAQUE = 205;
const FADE = 0.45;

/** Make the 256 colours of the ramp as bytes, from the style sheet's. */
function makeRamp(colours) {
  const canvas = document.createElement("canvas");
  canvas.width = STEPS;
  canvas.height = 1;
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  const gradient = ctx.createLinearGradient(0, 0, STEPS, 0);
  for (const [at, name] of [[0, "heat-1"], [0.33, "heat-2"], [0.66, "heat-3"], [1, "heat-4"]]) gradient.addColorStop(at, colours[name]);
  ctx.fillStyle = gradient;
  ctx.fillRect(0, 0, STEPS, 1);
  return ctx.getImageData(0, 0, STEPS, 1).data;
}

const Heat = CanvasLayer.extend({
  options: { pane: PANE },

  initialize(options) {
    L.setOptions(this, options);
    this._view = null;
  },

  onAdd(map) {
    if (!map.getPane(PANE)) map.createPane(PANE).classList.add("map-quiet-pane");
    this._ramp = makeRamp(readColours(map.getContainer()));
    this._small = document.createElement("canvas");
    CanvasLayer.prototype.onAdd.call(this, map);
  },

  /** @param {import("./wire.js").View} view */
  setView(view) {
    this._view = view;
    this.redraw();
  },

  /** Take the colours that hold now and draw again. */
  refreshColours() {
    this._ramp = makeRamp(readColours(this._map.getContainer()));
    this.redraw();
  },

  _draw(ctx, frame) {
    if (!this._view) return;
    const { columns, lines, values, most } = density(this._view, frame);
    if (!most) return;
    this._small.width = columns;
    this._small.height = lines;
    const small = this._small.getContext("2d");
    const image = small.createImageData(columns, lines);
    for (let i = 0; i < values.length; i += 1) {
      if (!values[i]) continue;
      // Places differ by a factor of thousands: the square root of a square root lets the thin ones be seen as well.
      const share = Math.min(1, Math.sqrt(Math.sqrt(values[i] / most)));
      const from = Math.min(STEPS - 1, Math.floor(share * STEPS)) * 4;
      image.data.set(this._ramp.subarray(from, from + 3), 4 * i);
      image.data[4 * i + 3] = OPAQUE * Math.min(1, share / FADE);
    }
    small.putImageData(image, 0, 0);
    ctx.imageSmoothingEnabled = true;
    ctx.drawImage(this._small, 0, 0, columns * SQUARE, lines * SQUARE);
  },
});

/** Make the layer. It draws what the last view given to it holds. */
export function createHeat() {
  return new Heat();
}
