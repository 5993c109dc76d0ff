/** The areas of threats on a canvas of their own, below all marks: dashes and colour by severity. */
import { L } from "./leaflet.js";
import { edgesAround } from "./bounds.js";
import { CanvasLayer, eachWorld } from "./canvas-layer.js";
import { isSeam, prepare } from "./outlines.js";
import { readColours } from "./theme.js";

const PANE = "map-areas";
/** By rank, 0 to 4: the worse, the more of the line is there. */
const DASHES = [[1, 5], [3, 5], [7, 5], [13, 5], []];
/** The pointer has to rest so long, in ms, before an area is asked for that is not drawn. */
const REST = 150;
/** How many of those are kept. */
const KEPT = 200;
const number = new Intl.NumberFormat("en");

async function fetchAreas(address, signal) {
  const answer = await fetch(address, { signal, headers: { "X-Requested-With": "fetch" } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

const prepared = ({ id, title, severity, area }) => ({ ...prepare({ id, title, area }), rank: severity });

const Areas = CanvasLayer.extend({
  options: { pane: PANE },

  /** @param {(words: string) => void} tell how many of how many are drawn, if not all */
  initialize(tell) {
    this._tell = tell;
    this._areas = [];
    this._pointedId = null;
    this._pointed = null;
    this._known = new Map();
  },

  onAdd(map) {
    if (!map.getPane(PANE)) map.createPane(PANE).classList.add("map-quiet-pane");
    this._colours = readColours(map.getContainer());
    CanvasLayer.prototype.onAdd.call(this, map);
  },

  _isEmpty() {
    return this._areas.length === 0 && !this._pointed;
  },

  refreshColours() {
    this._colours = readColours(this._map.getContainer());
    this.redraw();
  },

  /**
   * Draw the areas that an address answers, instead of those before; "" draws none. What can't be fetched is not drawn: the
   * marks are there without.
   */
  async show(address) {
    this._running?.abort();
    this._running = new AbortController();
    const { signal } = this._running;
    let found = { areas: [], total: 0 };
    if (address) {
      try {
        found = await fetchAreas(address, signal);
      } catch {
        if (signal.aborted) return;
      }
    }
    const { areas, total } = found;
    // The worst is drawn last, over the others.
    this._areas = areas.map(prepared).sort((a, b) => a.rank - b.rank);
    this._tell(areas.length < total ? `; areas of ${number.format(areas.length)} of ${number.format(total)} drawn` : "");
    this.redraw();
  },

  /** Draw the area of one threat boldly, fetched if it is not drawn. @param {string | null} id */
  async point(id) {
    if (id === this._pointedId) return;
    this._pointedId = id;
    clearTimeout(this._resting);
    this._point(this._areas.find((each) => each.id === id) ?? this._known.get(id) ?? null);
    if (!id || this._pointed || this._known.has(id)) return;
    this._resting = setTimeout(async () => {
      try {
        const { areas } = await fetchAreas(`/threats/areas?ids=${id}`);
        if (this._known.size >= KEPT) this._known.delete(this._known.keys().next().value);
        this._known.set(id, areas.length ? prepared(areas[0]) : null);
        if (this._pointedId === id) this._point(this._known.get(id));
      } catch {
        // Its mark is there without.
      }
    }, REST);
  },

  _point(area) {
    if (area === this._pointed) return;
    this._pointed = area;
    this.redraw();
  },

  /** @returns {ReturnType<typeof edgesAround>} */
  edges() {
    return edgesAround(this._areas.flatMap(({ lats }) => lats), this._areas.flatMap(({ lngs }) => lngs));
  },

  _draw(ctx, frame) {
    const drawn = this._areas.filter((each) => each.id !== this._pointed?.id);
    // An area over the antimeridian reaches into the next turn of the world.
    eachWorld({ ...frame, left: frame.left - frame.world, width: frame.width + 2 * frame.world }, (left) => {
      for (const area of drawn) this._drawArea(ctx, area, left - frame.world, frame, false);
      if (this._pointed) this._drawArea(ctx, this._pointed, left - frame.world, frame, true);
    });
  },

  _drawArea(ctx, { rings, box: [west, north, east, south], rank }, left, { world, top, width, height }, isPointedAt) {
    if (east * world + left < 0 || west * world + left > width || south * world < top || north * world > top + height) return;
    const at = ([x, y]) => [x * world + left, y * world - top];
    ctx.beginPath();
    for (const ring of rings) {
      for (const point of ring) ctx.lineTo(...at(point));
      ctx.closePath();
      ctx.moveTo(...at(ring[0]));
    }
    const colour = this._colours[`severity-${rank}`];
    ctx.fillStyle = colour;
    ctx.globalAlpha = isPointedAt ? 0.22 : 0.08;
    ctx.fill("evenodd");
    ctx.globalAlpha = 1;
    ctx.beginPath();
    for (const ring of rings) {
      ring.forEach((point, i) => (i && !isSeam(ring[i - 1], point) ? ctx.lineTo(...at(point)) : ctx.moveTo(...at(point))));
    }
    ctx.lineJoin = "round";
    ctx.strokeStyle = this._colours.outline;
    ctx.lineWidth = isPointedAt ? 5 : 3.5;
    ctx.stroke();
    ctx.strokeStyle = colour;
    ctx.lineWidth = isPointedAt ? 3 : 1.75;
    ctx.setLineDash(DASHES[rank]);
    ctx.stroke();
    ctx.setLineDash([]);
  },
});

/** Make the layer. @param {(words: string) => void} tell how many of how many areas are drawn, "" when all are */
export function createAreas(tell) {
  return new Areas(tell);
}
