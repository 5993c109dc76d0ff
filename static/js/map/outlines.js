/** Outlines of areas on a canvas of their own, on every turn of the world; those of incidents with their titles. */
import { L } from "./leaflet.js";
import { edgesAround, wrapLongitude } from "./bounds.js";
import { CanvasLayer, eachWorld } from "./canvas-layer.js";
import { worldX, worldY } from "./mercator.js";
import { readColours } from "./theme.js";

const PANE = "map-outlines";
const TITLES = "map-titles";
/** An outline smaller than this, in pixels, has no title: it would only hide what lies there. */
const LEAST_FOR_TITLE = 56;
/** How near to a line counts as on it, in pixels. */
const NEAR = 5;
/** About how wide a title is, in pixels: as the style sheet has it. */
const widthOf = (title) => Math.min(200, 14 + 6.5 * title.length);
const HEIGHT = 20;

/** @param {object} geometry GeoJSON of a Polygon or a MultiPolygon, in degrees @returns {number[][][]} all its rings */
function ringsOf({ type, coordinates }) {
  return type === "Polygon" ? coordinates : coordinates.flat();
}

/** Put the points of an area in a row that never jumps over half the world, in world widths. */
function unrolled(rings) {
  let before = null;
  return rings.map((ring) =>
    ring.map(([lng, lat]) => {
      let x = worldX(lng);
      if (before !== null) x += Math.round(before - x);
      before = x;
      return [x, worldY(lat)];
    }),
  );
}

/** @param {{id?: string, title?: string, area: object}} outline */
export function prepare({ id = "", title = "", area }) {
  const rings = unrolled(ringsOf(area));
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of rings.flat()) {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  const places = ringsOf(area).flat();
  return { id, title, rings, box, lats: places.map(([, lat]) => lat), lngs: places.map(([lng]) => wrapLongitude(lng)) };
}

/** Whether a step runs along the antimeridian, where an area was only cut in two. */
export const isSeam = ([ax], [bx]) => ax === bx && Number.isInteger(ax);

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
    if (!map.getPane(TITLES)) map.createPane(TITLES);
    this._titles = L.DomUtil.create("div", "map-titles leaflet-zoom-hide", map.getPane(TITLES));
    L.DomEvent.disableClickPropagation(this._titles);
    this._colours = readColours(map.getContainer());
    CanvasLayer.prototype.onAdd.call(this, map);
  },

  /** @param {{id?: string, title?: string, area: object}[]} outlines `area` is GeoJSON; take the place of the last ones */
  setOutlines(outlines) {
    this._outlines = outlines.map(prepare);
    this._titles.replaceChildren();
    this.redraw();
  },

  _isEmpty() {
    return this._outlines.length === 0;
  },

  refreshColours() {
    this._colours = readColours(this._map.getContainer());
    this.redraw();
  },

  /** @returns {ReturnType<typeof edgesAround>} */
  edges() {
    return edgesAround(this._outlines.flatMap(({ lats }) => lats), this._outlines.flatMap(({ lngs }) => lngs));
  },

  /** @returns {{id: string, title: string} | null} the incident whose line lies at a point of the container */
  hit(containerPoint) {
    if (!this._frame) return null;
    const { x, y } = this._toCanvas(containerPoint);
    const found = this._shown.findLast(({ paths }) =>
      paths.some((path) => path.some((to, i) => i && distanceToStep(x, y, path[i - 1], to) <= NEAR)),
    );
    return found?.outline.id ? found.outline : null;
  },

  _draw(ctx, frame) {
    this._shown = [];
    // An area over the antimeridian reaches into the next turn of the world.
    eachWorld({ ...frame, left: frame.left - frame.world, width: frame.width + 2 * frame.world }, (left) => {
      for (const outline of this._outlines) this._place(outline, left - frame.world, frame);
    });
    for (const { outline, paths } of this._shown) this._drawLines(ctx, outline, paths);
    this._placeTitles();
  },

  _place(outline, left, frame) {
    const [west, north, east, south] = outline.box;
    const seen = [west * frame.world + left, north * frame.world - frame.top, east * frame.world + left, south * frame.world - frame.top];
    if (seen[2] < 0 || seen[0] > frame.width || seen[3] < 0 || seen[1] > frame.height) return;
    const paths = outline.rings.map((ring) => ring.map(([x, y]) => [x * frame.world + left, y * frame.world - frame.top]));
    this._shown.push({ outline, paths, seen });
  },

  _drawLines(ctx, outline, paths) {
    ctx.beginPath();
    paths.forEach((path, ring) => {
      const before = outline.rings[ring];
      path.forEach(([x, y], i) => (i && !isSeam(before[i - 1], before[i]) ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    });
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

  /** Titles are links over the marks, on the outline's upper edge; one that would lie on another is left out. */
  _placeTitles() {
    const taken = [];
    const corner = L.DomUtil.getPosition(this._canvas);
    const links = [];
    for (const { outline, seen } of this._shown) {
      const [left, top, right] = seen;
      if (!outline.title || right - left < LEAST_FOR_TITLE) continue;
      const half = widthOf(outline.title) / 2;
      const x = (left + right) / 2;
      if (taken.some((other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.top - top) < HEIGHT)) continue;
      taken.push({ x, top, half });
      // The list of incidents leads to them by the keyboard.
      const link = Object.assign(document.createElement("a"), { href: `/incidents/${outline.id}`, textContent: outline.title, tabIndex: -1 });
      L.DomUtil.setPosition(link, corner.add([Math.round(x - half), Math.round(top - HEIGHT / 2)]));
      link.style.width = `${2 * half}px`;
      links.push(link);
    }
    this._titles.replaceChildren(...links);
  },
});

/** Make the layer. Titles lead to their incidents; a click on a line is for whoever joins the parts to act on. */
export function createOutlines() {
  return new Outlines();
}
