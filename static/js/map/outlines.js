/** Outlines of areas on a canvas of their own, on every turn of the world; those of incidents with their titles. */
import { L } from "./leaflet.js";
import { edgesAround, wrapLongitude } from "./bounds.js";
import { CanvasLayer, eachWorld } from "./canvas-layer.js";
import { worldX, worldY } from "./mercator.js";
import { readColours } from "./theme.js";

const PANE = "map-outlines";
/** An outline smaller than this, in pixels, has no title: it would only hide what lies there. */
const LEAST_FOR_TITLE = 24;
/** How near to a line counts as on it, in pixels. */
const NEAR = 5;
const FONT = "600 11px system-ui, sans-serif";
const HEIGHT = 18;
const WIDEST = 200;

/** @param {object} geometry GeoJSON of a Polygon or a MultiPolygon, in degrees @returns {number[][][]} all its rings */
function ringsOf({ type, coordinates }) {
  return type === "Polygon" ? coordinates : coordinates.flat();
}

/** Put the points of a ring in a row that never jumps over half the world, in world widths. */
function unrolled(ring) {
  let before = null;
  return ring.map(([lng, lat]) => {
    let x = worldX(lng);
    if (before !== null) x += Math.round(before - x);
    before = x;
    return [x, worldY(lat)];
  });
}

/** @param {{id?: string, title?: string, area: object}} outline */
function prepare({ id = "", title = "", area }) {
  const rings = ringsOf(area).map(unrolled);
  const all = rings.flat();
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of all) {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  const places = ringsOf(area).flat();
  return { id, title, rings, box, lats: places.map(([, lat]) => lat), lngs: places.map(([lng]) => wrapLongitude(lng)) };
}

function distanceToStep(x, y, [ax, ay], [bx, by]) {
  const dx = bx - ax;
  const dy = by - ay;
  const along = dx || dy ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy))) : 0;
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

const Outlines = CanvasLayer.extend({
  options: { pane: PANE },

  initialize(options) {
    L.setOptions(this, options);
    this._outlines = [];
    this._shown = [];
  },

  onAdd(map) {
    if (!map.getPane(PANE)) map.createPane(PANE).classList.add("map-quiet-pane");
    this._colours = readColours(map.getContainer());
    CanvasLayer.prototype.onAdd.call(this, map);
  },

  /** @param {{id?: string, title?: string, area: object}[]} outlines `area` is GeoJSON; take the place of the last ones */
  setOutlines(outlines) {
    this._outlines = outlines.map(prepare);
    this.redraw();
  },

  refreshColours() {
    this._colours = readColours(this._map.getContainer());
    this.redraw();
  },

  /** @returns {ReturnType<typeof edgesAround>} */
  edges() {
    return edgesAround(this._outlines.flatMap(({ lats }) => lats), this._outlines.flatMap(({ lngs }) => lngs));
  },

  /** @returns {{id: string, title: string} | null} the incident whose title or line lies at a point of the container */
  hit(containerPoint) {
    if (!this._frame) return null;
    const { x, y } = this._toCanvas(containerPoint);
    const onTitle = ({ label }) => label && x >= label[0] && y >= label[1] && x <= label[2] && y <= label[3];
    const onLine = ({ paths }) => paths.some((path) => path.some((to, i) => i && distanceToStep(x, y, path[i - 1], to) <= NEAR));
    const found = this._shown.findLast(onTitle) ?? this._shown.findLast(onLine);
    return found?.outline.id ? found.outline : null;
  },

  _draw(ctx, frame) {
    this._shown = [];
    eachWorld({ ...frame, left: frame.left - frame.world, width: frame.width + 2 * frame.world }, (offset) => {
      const left = offset - frame.world;
      for (const outline of this._outlines) this._place(outline, left, frame);
    });
    for (const { paths } of this._shown) this._drawLines(ctx, paths);
    ctx.font = FONT;
    for (const item of this._shown) this._drawTitle(ctx, item);
  },

  _place(outline, left, frame) {
    const [west, north, east, south] = outline.box;
    const seen = [west * frame.world + left, north * frame.world - frame.top, east * frame.world + left, south * frame.world - frame.top];
    if (seen[2] < 0 || seen[0] > frame.width || seen[3] < 0 || seen[1] > frame.height) return;
    const paths = outline.rings.map((ring) => ring.map(([x, y]) => [x * frame.world + left, y * frame.world - frame.top]));
    this._shown.push({ outline, paths, seen, label: null });
  },

  _drawLines(ctx, paths) {
    ctx.beginPath();
    for (const path of paths) {
      path.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
      ctx.closePath();
    }
    ctx.lineJoin = "round";
    ctx.strokeStyle = this._colours.outline;
    ctx.lineWidth = 4;
    ctx.stroke();
    ctx.strokeStyle = this._colours.area;
    ctx.lineWidth = 2;
    ctx.setLineDash([6, 5]);
    ctx.stroke();
    ctx.setLineDash([]);
  },

  _drawTitle(ctx, item) {
    const { title } = item.outline;
    const [left, top, right] = item.seen;
    if (!title || right - left < LEAST_FOR_TITLE) return;
    const text = shortened(ctx, title);
    const width = ctx.measureText(text).width + 12;
    const x = (left + right) / 2 - width / 2;
    const y = top - HEIGHT / 2;
    item.label = [x, y, x + width, y + HEIGHT];
    ctx.beginPath();
    ctx.roundRect(x, y, width, HEIGHT, 4);
    ctx.fillStyle = this._colours.surface;
    ctx.fill();
    ctx.strokeStyle = this._colours.area;
    ctx.lineWidth = 1;
    ctx.stroke();
    ctx.fillStyle = this._colours.text;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillText(text, x + 6, y + HEIGHT / 2 + 0.5);
  },
});

function shortened(ctx, text) {
  if (ctx.measureText(text).width <= WIDEST) return text;
  let end = text.length;
  while (end > 1 && ctx.measureText(`${text.slice(0, end)}…`).width > WIDEST) end -= 1;
  return `${text.slice(0, end).trimEnd()}…`;
}

/** Make the layer. It takes no clicks itself. */
export function createOutlines() {
  return new Outlines();
}
