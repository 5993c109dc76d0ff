/** Threats on a canvas of their own: shapes by severity, clusters, circles of uncertainty. What a view says is what is drawn. */
import { L } from "./leaflet.js";
import { CanvasLayer, eachWorld } from "./canvas-layer.js";
import { edgesOf, groupRows } from "./clusters.js";
import { kilometresToPixels, latitude, worldX, worldY } from "./mercator.js";
import { readColours } from "./theme.js";
import { drawCluster, drawHighlight, drawThreat, drawUncertainty, markRadius } from "./threat-drawing.js";
import { precisionOf, rowOf } from "./wire.js";

const PANE = "map-threats";
/** Pixels beyond the canvas in which a mark still shows. */
const MARGIN = 30;

const Threats = CanvasLayer.extend({
  options: { pane: PANE },

  initialize(options) {
    L.setOptions(this, options);
    this._view = null;
    this._groups = new Map();
    this._shown = [];
    this._hovered = null;
    this._highlighted = null;
    this._isHeat = false;
  },

  onAdd(map) {
    if (!map.getPane(PANE)) map.createPane(PANE).classList.add("map-quiet-pane");
    this._colours = readColours(map.getContainer());
    CanvasLayer.prototype.onAdd.call(this, map);
  },

  /** @param {import("./wire.js").View} view takes the place of the last one */
  setView(view) {
    this._view = view;
    this._groups.clear();
    this._hovered = null;
    this.redraw();
  },

  /** @returns {import("./wire.js").View | null} */
  view() {
    return this._view;
  },

  /** Mark the group under the pointer. @param {import("./clusters.js").Group | null} group */
  setHovered(group) {
    this._hovered = group;
    this.redraw();
  },

  /** Mark where a threat is, alone or in a cluster. @param {{id: string, lat: number|null, lng: number|null} | null} threat */
  highlight(threat) {
    this._highlighted = threat;
    this.redraw();
  },

  /** Leave the clusters to the heat map, but for those that are pointed at or selected. */
  setHeat(isOn) {
    this._isHeat = isOn;
    this.redraw();
  },

  /** Take the colours that hold now and draw again. */
  refreshColours() {
    this._colours = readColours(this._map.getContainer());
    this.redraw();
  },

  /** @returns {number[][]} left, top, right, bottom of all marks at a zoom, in pixels from the world's corner */
  boxes(zoom, world) {
    return this._groupsAt(zoom, world).map((group) => {
      // Room for the ring of a selected one, so that names need not move when the selection changes.
      const radius = markRadius(group, this.isOne(group)) + 5;
      return [group.x - radius, group.y - radius, group.x + radius, group.y + radius];
    });
  },

  /** Whether a group is one threat of which the place is known, rather than a cell that happens to hold one. */
  isOne(group) {
    return this._view.mode === "points" && group.count === 1;
  },

  /** @returns {{x: number, y: number, radius: number, group: object} | null} the topmost mark at a point of the container */
  hit(containerPoint, reach) {
    if (!this._frame) return null;
    const at = this._toCanvas(containerPoint);
    for (let i = this._shown.length - 1; i >= 0; i -= 1) {
      const { x, y, group } = this._shown[i];
      const radius = markRadius(group, this.isOne(group));
      if ((x - at.x) ** 2 + (y - at.y) ** 2 > (radius + reach) ** 2) continue;
      return { x: x - at.x + containerPoint.x, y: y - at.y + containerPoint.y, radius, group };
    }
    return null;
  },

  /** @returns {ReturnType<typeof edgesOf>} edges round some rows, or round all */
  edges(rows) {
    return this._view && edgesOf(this._view, rows ?? Array.from({ length: this._view.count }, (_, row) => row));
  },

  _groupsAt(zoom, world) {
    if (!this._view) return [];
    if (!this._groups.has(zoom)) this._groups.set(zoom, groupRows(this._view, world));
    return this._groups.get(zoom);
  },

  _draw(ctx, frame) {
    const groups = this._groupsAt(frame.zoom, frame.world);
    const highlighted = this._highlightedGroup(groups);
    this._shown = [];
    eachWorld(frame, (left) => {
      for (const group of groups) {
        const x = group.x + left;
        const y = group.y - frame.top;
        if (x < -MARGIN || x > frame.width + MARGIN || y < -MARGIN || y > frame.height + MARGIN) continue;
        this._shown.push({ x, y, group });
      }
    });
    this._drawCircles(ctx, frame, highlighted);
    for (const item of this._shown) this._drawItem(ctx, item, item.group === highlighted);
  },

  _drawItem(ctx, { x, y, group }, highlighted) {
    const hovered = this._hovered === group;
    const isOne = this.isOne(group);
    if (this._isHeat && !isOne && !hovered && !highlighted && !group.selected) return;
    if (highlighted) drawHighlight(ctx, x, y, markRadius(group, isOne), this._colours);
    if (!isOne) {
      drawCluster(ctx, { ...group, x, y, hovered }, this._colours);
      return;
    }
    const exact = precisionOf(this._view, group.rows[0]) === "exact";
    const threat = { x, y, rank: group.worst, exact, broad: group.broad > 0, hovered, selected: group.selected > 0 };
    drawThreat(ctx, threat, this._colours);
  },

  /** Circles of single threats only: those of a cluster's members would hide the map. */
  _drawCircles(ctx, frame, highlighted) {
    const drawn = new Set();
    for (const { x, y, group } of this._circled(frame)) {
      const row = group.rows[0];
      const km = this._view.uncertainty_km[row];
      const isPointedAt = this._hovered === group || highlighted === group;
      if (!isPointedAt && !group.selected && precisionOf(this._view, row) === "exact") continue;
      const radius = kilometresToPixels(km, latitude(group.y / frame.world), frame.zoom);
      // Too small to be seen round its mark, or so big that its edge would lie far outside the view.
      if (radius < markRadius(group, true) + 4 || (radius > frame.width && !isPointedAt)) continue;
      if (x + radius < 0 || x - radius > frame.width || y + radius < 0 || y - radius > frame.height) continue;
      const key = `${Math.round(x)} ${Math.round(y)} ${Math.round(radius)} ${isPointedAt}`;
      if (drawn.has(key)) continue;
      drawn.add(key);
      drawUncertainty(ctx, x, y, radius, isPointedAt, this._colours);
    }
  },

  /** @returns {{x: number, y: number, group: object}[]} threats with an uncertain place, on every turn of the world in the frame */
  _circled(frame) {
    const found = [];
    eachWorld(frame, (left) => {
      for (const group of this._groupsAt(frame.zoom, frame.world)) {
        if (!this.isOne(group) || !(this._view.uncertainty_km[group.rows[0]] > 0)) continue;
        found.push({ x: group.x + left, y: group.y - frame.top, group });
      }
    });
    return found;
  },

  /** The group that holds the threat pointed at in the list: by its id, or by the cell that its place lies in. */
  _highlightedGroup(groups) {
    if (!this._highlighted || !this._view) return null;
    const { id, lat, lng } = this._highlighted;
    if (this._view.mode === "points") {
      const row = rowOf(this._view, id);
      return groups.find((group) => group.rows.includes(row)) ?? null;
    }
    if (lat === null || lng === null) return null;
    const { level, cx, cy } = this._view;
    const column = Math.floor(worldX(lng) * 2 ** level) % 2 ** level;
    const line = Math.min(Math.floor(worldY(lat) * 2 ** level), 2 ** level - 1);
    return groups.find((group) => group.rows.some((row) => cx[row] === column && cy[row] === line)) ?? null;
  },
});

/** Make the layer of threats. It takes no clicks itself; see pointing.js. */
export function createThreats() {
  return new Threats();
}
