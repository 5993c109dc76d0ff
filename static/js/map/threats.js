/** Threats on a canvas of their own: shapes by severity, clusters, circles of uncertainty, hover and clicks. */
import { L } from "./leaflet.js";
import { edgesAround } from "./bounds.js";
import { CanvasLayer, eachWorld } from "./canvas-layer.js";
import { groupPoints } from "./clusters.js";
import { kilometresToPixels, worldX, worldY } from "./mercator.js";
import { shapeRadius } from "./severity.js";
import { readColours } from "./theme.js";
import { clusterRadius, drawCluster, drawThreat, drawUncertainty } from "./threat-drawing.js";
import { describeCluster, describeThreat } from "./threat-words.js";
import { Tooltip } from "./tooltip.js";

const PANE = "map-threats";
/** Extra pixels in which a pointer still hits; a finger is less exact than a mouse. */
const REACH = { mouse: 2, touch: 9 };
/** Members nearer together than this, in degrees, are at the same place: no zoom would part them. */
const SAME_PLACE = 1e-5;

const isPlace = (lat, lng) => Number.isFinite(lat) && Number.isFinite(lng);

const Threats = CanvasLayer.extend({
  options: { pane: PANE },

  initialize(options) {
    L.setOptions(this, options);
    this._data = null;
    this._selected = new Set();
    this._hovered = null;
    this._groups = new Map();
    this._shown = [];
  },

  onAdd(map) {
    if (!map.getPane(PANE)) map.createPane(PANE).classList.add("map-quiet-pane");
    this._colours = readColours(map.getContainer());
    this._tooltip = new Tooltip(map.getContainer());
    CanvasLayer.prototype.onAdd.call(this, map);
  },

  onRemove(map) {
    this._tooltip.remove();
    CanvasLayer.prototype.onRemove.call(this, map);
  },

  getEvents() {
    return {
      ...CanvasLayer.prototype.getEvents.call(this),
      mousemove: this._pointed,
      mouseout: this._unpointed,
      movestart: this._unpointed,
      click: this._clicked,
      keydown: (event) => event.originalEvent.key === "Escape" && this._tooltip.hide(),
    };
  },

  /** @param {object} data parallel arrays, see `createMap` in map.js */
  setThreats(data) {
    const rows = data.ids.map((_, i) => i).filter((i) => isPlace(data.lat[i], data.lng[i]));
    this._data = data;
    this._rows = rows;
    this._points = {
      x: Float64Array.from(rows, (i) => worldX(data.lng[i])),
      y: Float64Array.from(rows, (i) => worldY(data.lat[i])),
      severity: Uint8Array.from(rows, (i) => Math.max(0, Math.min(4, data.severity[i] | 0))),
    };
    this._groups.clear();
    this._unpointed();
    this.redraw();
  },

  /** @param {Set<string>} ids */
  setSelected(ids) {
    this._selected = ids;
    this.redraw();
  },

  /** Take the colours that hold now and draw again. */
  refreshColours() {
    this._colours = readColours(this._map.getContainer());
    this.redraw();
  },

  /** @returns {number} how many threats have a place */
  count() {
    return this._rows?.length ?? 0;
  },

  /** @returns {ReturnType<typeof edgesAround>} edges round all threats */
  edges() {
    return this._data ? this._edgesOf(this._rows) : null;
  },

  /** @returns {number[][]} left, top, right, bottom of all marks at a zoom, in pixels from the world's corner */
  boxes(zoom, world) {
    if (!this._data) return [];
    return this._groupsAt(zoom, world).map(({ x, y, members, worst }) => {
      // Room for the ring of a selected one, so that names need not move when the selection changes.
      const radius = (members.length > 1 ? clusterRadius(members.length) : shapeRadius(worst)) + 5;
      return [x - radius, y - radius, x + radius, y + radius];
    });
  },

  _edgesOf(rows) {
    return edgesAround(rows.map((i) => this._data.lat[i]), rows.map((i) => this._data.lng[i]));
  },

  _idsOf(group) {
    return group.members.map((member) => this._data.ids[this._rows[member]]);
  },

  _groupsAt(zoom, world) {
    if (!this._groups.has(zoom)) this._groups.set(zoom, groupPoints(this._points, world));
    return this._groups.get(zoom);
  },

  _draw(ctx, frame) {
    this._shown = [];
    if (!this._data) return;
    const groups = this._groupsAt(frame.zoom, frame.world);
    eachWorld(frame, (left) => {
      for (const group of groups) {
        const x = group.x + left;
        const y = group.y - frame.top;
        if (x < -30 || x > frame.width + 30 || y < -30 || y > frame.height + 30) continue;
        this._shown.push({ x, y, group });
      }
    });
    this._drawCircles(ctx, frame, groups);
    for (const item of this._shown) this._drawItem(ctx, item);
  },

  _drawItem(ctx, { x, y, group }) {
    const hovered = this._hovered === group;
    const { worst, bySeverity, members } = group;
    if (members.length > 1) {
      let selected = 0;
      if (this._selected.size) for (const i of members) selected += this._selected.has(this._data.ids[this._rows[i]]);
      drawCluster(ctx, { x, y, count: members.length, bySeverity, worst, selected, hovered }, this._colours);
      return;
    }
    const row = this._rows[members[0]];
    const exact = this._data.precision[row] === "exact";
    drawThreat(ctx, { x, y, rank: worst, exact, hovered, selected: this._selected.has(this._data.ids[row]) }, this._colours);
  },

  /** Circles of single threats only: those of a cluster's members would hide the map. */
  _drawCircles(ctx, frame, groups) {
    const drawn = new Set();
    eachWorld(frame, (left) => {
      for (const group of groups) {
        if (group.members.length > 1) continue;
        const row = this._rows[group.members[0]];
        const km = this._data.uncertainty_km[row];
        if (!(km > 0)) continue;
        const strong = this._hovered === group || this._selected.has(this._data.ids[row]);
        if (!strong && this._data.precision[row] === "exact") continue;
        const radius = kilometresToPixels(km, this._data.lat[row], frame.zoom);
        // Too small to be seen round its mark, or so big that its edge would lie far outside the view.
        if (radius < shapeRadius(group.worst) + 4 || (radius > frame.width && !strong)) continue;
        const x = group.x + left;
        const y = group.y - frame.top;
        if (x + radius < 0 || x - radius > frame.width || y + radius < 0 || y - radius > frame.height) continue;
        const key = `${Math.round(x)} ${Math.round(y)} ${Math.round(radius)} ${strong}`;
        if (drawn.has(key)) continue;
        drawn.add(key);
        drawUncertainty(ctx, x, y, radius, strong, this._colours);
      }
    });
  },

  /** @returns the topmost thing drawn at a point of the container, or null */
  _hit(containerPoint, reach) {
    if (!this._frame) return null;
    const at = this._toCanvas(containerPoint);
    for (let i = this._shown.length - 1; i >= 0; i -= 1) {
      const { x, y, group } = this._shown[i];
      const radius = group.members.length > 1 ? clusterRadius(group.members.length) : shapeRadius(group.worst);
      if ((x - at.x) ** 2 + (y - at.y) ** 2 <= (radius + reach) ** 2) return this._shown[i];
    }
    return null;
  },

  _pointed(event) {
    if (this._map.dragging?.moving?.()) return;
    const hit = this._hit(event.containerPoint, REACH.mouse);
    const group = hit?.group ?? null;
    if (group === this._hovered) return;
    this._hovered = group;
    this._map.getContainer().classList.toggle("map-over-threat", group !== null);
    if (group) this._showTooltip(hit, event.containerPoint);
    else this._tooltip.hide();
    this.redraw();
  },

  _unpointed() {
    this._tooltip?.hide();
    if (!this._hovered) return;
    this._hovered = null;
    this._map?.getContainer().classList.remove("map-over-threat");
    this.redraw();
  },

  _showTooltip({ x, y, group }, pointer) {
    const isCluster = group.members.length > 1;
    const offset = this._toCanvas(pointer).subtract(pointer);
    const lines = isCluster
      ? describeCluster(group, this._canPart(group))
      : describeThreat(this._data, this._rows[group.members[0]]);
    const radius = isCluster ? clusterRadius(group.members.length) : shapeRadius(group.worst);
    this._tooltip.show({ x: x - offset.x, y: y - offset.y }, radius + 8, lines);
  },

  /** Whether zooming in would show more than one thing. */
  _canPart(group) {
    if (this._map.getZoom() >= this._map.getMaxZoom()) return false;
    const edges = this._edgesOf(group.members.map((member) => this._rows[member]));
    return edges.north - edges.south > SAME_PLACE || edges.east - edges.west > SAME_PLACE;
  },

  _clicked(event) {
    const { originalEvent } = event;
    const hit = this._hit(event.containerPoint, originalEvent.pointerType === "touch" ? REACH.touch : REACH.mouse);
    if (!hit) return;
    if (originalEvent.pointerType === "touch") this._showTooltip(hit, event.containerPoint);
    const { group } = hit;
    if (group.members.length === 1) {
      this.fire("threat-click", { id: this._idsOf(group)[0], originalEvent });
      return;
    }
    const selects = originalEvent.shiftKey || originalEvent.altKey || originalEvent.ctrlKey || originalEvent.metaKey;
    const action = selects ? "select" : this._canPart(group) ? "zoom" : "list";
    if (action === "zoom") this._zoomTo(group);
    this.fire("cluster-click", { ids: this._idsOf(group), latlng: event.latlng, action, originalEvent });
  },

  _zoomTo(group) {
    const edges = this._edgesOf(group.members.map((member) => this._rows[member]));
    // The cluster may have been clicked on another copy of the world than its own.
    const turn = 360 * Math.round((this._map.getCenter().lng - (edges.west + edges.east) / 2) / 360);
    const bounds = L.latLngBounds([edges.south, edges.west + turn], [edges.north, edges.east + turn]);
    const zoom = Math.max(this._map.getZoom() + 1, this._map.getBoundsZoom(bounds, false, L.point(48, 48)));
    this._map.setView(bounds.getCenter(), Math.min(zoom, this._map.getMaxZoom()));
  },
});

/**
 * Make the layer of threats.
 *
 * Fires `threat-click` {id, originalEvent} and `cluster-click` {ids, latlng, action, originalEvent}, where the action is
 * "zoom" (the map has zoomed in), "list" (no zoom would part them: show a list) or "select" (clicked with Shift, Ctrl or Alt).
 */
export function createThreats() {
  return new Threats();
}
