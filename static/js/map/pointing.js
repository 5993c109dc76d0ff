/** What the pointer does to the threats on the map: hover, tooltips, clicks on points, clusters and stacks. */
import { fromEdges } from "./bounds.js";
import { L } from "./leaflet.js";
import { describeCard, describeCluster, describePoint } from "./threat-words.js";
import { Tooltip } from "./tooltip.js";
import { idOf } from "./wire.js";

/** Extra pixels in which a pointer still hits; a finger is less exact than a mouse. */
const REACH = { mouse: 2, touch: 9 };
/** Members nearer together than this, in degrees, are at the same place: no zoom would part them. */
const SAME_PLACE = 1e-5;
/** The pointer has to rest so long, in ms, before a card is asked for. */
const REST = 120;

/** What a click outside select mode selects, null for none: with Alt it takes away, with the other keys it adds. */
function modeOf({ altKey, shiftKey, ctrlKey, metaKey }) {
  if (altKey) return "take";
  return shiftKey || ctrlKey || metaKey ? "add" : null;
}

export class Pointing {
  #map;
  #threats;
  #cards;
  #tell;
  #mode;
  #tooltip;
  #hovered = null;
  #pointer = null;
  #resting = 0;

  /**
   * @param {L.Map} map @param {object} threats the layer of threats.js @param {import("./cards.js").Cards} cards
   * @param {(type: "point-click"|"cluster-click"|"hover"|"stack", detail: object) => void} tell
   * @param {() => "add"|"take"|null} mode what a click selects, null while it is no selecting
   */
  constructor(map, threats, cards, tell, mode) {
    this.#map = map;
    this.#threats = threats;
    this.#cards = cards;
    this.#tell = tell;
    this.#mode = mode;
    this.#tooltip = new Tooltip(map.getContainer());
    map.on({
      mousemove: ({ containerPoint, originalEvent }) => {
        // What lies under a button of the map is not pointed at.
        this.#pointer = originalEvent.target.closest(".leaflet-control") ? null : containerPoint;
        if (this.#pointer) this.#point();
        else this.leave();
      },
      mouseout: () => {
        this.#pointer = null;
        this.leave();
      },
      movestart: () => this.leave(),
      click: (event) => this.#clicked(event),
      keydown: (event) => event.originalEvent.key === "Escape" && this.#tooltip.hide(),
    });
    // Something else may lie under a pointer that rests.
    threats.on("drawn", () => this.#point());
  }

  /** Whether something that can be clicked lies under a point of the container. */
  isOver(containerPoint) {
    return this.#threats.hit(containerPoint, REACH.mouse) !== null;
  }

  /** Nothing is pointed at any more. */
  leave() {
    clearTimeout(this.#resting);
    this.#tooltip.hide();
    if (!this.#hovered) return;
    this.#hover(null);
  }

  #hover(group) {
    this.#hovered = group;
    this.#threats.setHovered(group);
    this.#map.getContainer().classList.toggle("map-over-threat", group !== null);
    this.#tell("hover", group ? this.#name(group) : { ids: [], cells: null });
  }

  /** What a group is: the ids of its points, or the cells of the grid. */
  #name(group) {
    const view = this.#threats.view();
    if (view.mode === "points") return { ids: group.rows.map((row) => idOf(view, row)), cells: null };
    return { ids: [], cells: { level: view.level, keys: group.rows.map((row) => [view.cx[row], view.cy[row]]) } };
  }

  #point() {
    if (!this.#pointer || this.#map.dragging?.moving?.()) return;
    const isDrawing = this.#map.getContainer().classList.contains("map-drawing");
    const hit = isDrawing ? null : this.#threats.hit(this.#pointer, REACH.mouse);
    const group = hit?.group ?? null;
    if (group === this.#hovered) return;
    this.#hover(group);
    this.#explain(hit);
  }

  /** Show the tooltip of a mark; a single threat's own words come when the pointer rests there. */
  #explain(hit) {
    clearTimeout(this.#resting);
    if (!hit) {
      this.#tooltip.hide();
      return;
    }
    const { group, radius } = hit;
    const show = (lines) => this.#tooltip.show(hit, radius + 8, lines);
    if (!this.#threats.isOne(group)) {
      show(describeCluster(group, this.#mode() ?? (this.#canPart(group) ? "zoom" : "list")));
      return;
    }
    const view = this.#threats.view();
    const id = idOf(view, group.rows[0]);
    const known = this.#cards.get(id);
    show(known ? describeCard(known) : describePoint(view, group.rows[0]));
    if (known) return;
    this.#resting = setTimeout(async () => {
      try {
        const [card] = (await this.#cards.fetch([id])) ?? [];
        if (card && this.#tooltip.isShown && this.#hovered === group) show(describeCard(card));
      } catch {
        // The tooltip then says what the map knows; the list says the rest.
      }
    }, REST);
  }

  /** Whether zooming in would show more than one thing. */
  #canPart(group) {
    if (this.#map.getZoom() >= this.#map.getMaxZoom()) return false;
    const edges = this.#threats.edges(group.rows);
    return edges.north - edges.south > SAME_PLACE || edges.east - edges.west > SAME_PLACE;
  }

  #clicked({ containerPoint, latlng, originalEvent }) {
    const isTouch = originalEvent.pointerType === "touch";
    const hit = this.#threats.hit(containerPoint, isTouch ? REACH.touch : REACH.mouse);
    if (!hit) return;
    const { group } = hit;
    if (isTouch) {
      this.#pointer = null;
      this.#hover(group);
      this.#explain(hit);
    }
    const { ids, cells } = this.#name(group);
    const mode = this.#mode() ?? modeOf(originalEvent);
    if (this.#threats.isOne(group)) {
      this.#tell("point-click", { id: ids[0], mode, originalEvent });
      return;
    }
    const edges = this.#threats.edges(group.rows);
    const { count, selected } = group;
    const action = mode ? "select" : this.#canPart(group) ? "zoom" : "list";
    const detail = { ids, cells, count, selected, box: fromEdges(edges), latlng, action, mode, originalEvent };
    if (action === "zoom") this.#zoomTo(edges, latlng.lng);
    if (action === "list" && ids.length) {
      // The list that opens says it all, and has the pointer.
      this.#pointer = null;
      this.leave();
      this.#tell("stack", detail);
    } else this.#tell("cluster-click", detail);
  }

  /** Zoom in on some edges, on the turn of the world that was clicked. */
  #zoomTo(edges, lng) {
    const turn = 360 * Math.round((lng - (edges.west + edges.east) / 2) / 360);
    const bounds = L.latLngBounds([edges.south, edges.west + turn], [edges.north, edges.east + turn]);
    const zoom = Math.max(this.#map.getZoom() + 1, this.#map.getBoundsZoom(bounds, false, L.point(48, 48)));
    this.#map.setView(bounds.getCenter(), Math.min(zoom, this.#map.getMaxZoom()));
  }
}
