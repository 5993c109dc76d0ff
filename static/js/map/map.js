/** Joins the parts of the map: basemap or tiles, names, heat, outlines, threats, box selection, key. */
import { fromLeaflet } from "./bounds.js";
import { Cards } from "./cards.js";
import { addControl, iconButton } from "./controls.js";
import { addGround } from "./ground.js";
import { createHeat } from "./heat.js";
import { createKey } from "./key.js";
import { L } from "./leaflet.js";
import { leastZoom, makeLeafletMap } from "./leaflet-map.js";
import { createOutlines } from "./outlines.js";
import { Pointing } from "./pointing.js";
import { Selecting } from "./selecting.js";
import { StackPanel } from "./stack-panel.js";
import { watchTheme } from "./theme.js";
import { describeView } from "./threat-words.js";
import { createThreats } from "./threats.js";
import { rowOf } from "./wire.js";

/** `fit` does not zoom in further than this: a few streets round a single threat. */
const FIT_ZOOM = 9;
const NO_CANVAS = "This browser can't draw the map. The list holds the same threats, and everything can be done there.";

/** The areas of threats, whose module is fetched when there may be one to draw. */
function whenNeeded(map, tell) {
  let layer = null;
  let loading = null;
  const load = () => (loading ??= import("./threat-areas.js").then(({ createAreas }) => (layer = createAreas(tell).addTo(map))));
  return {
    show: async (address) => (address || layer) && (await load()).show(address),
    point: async (id) => (id || layer) && (await load()).point(id),
    edges: () => layer?.edges() ?? null,
    refreshColours: () => layer?.refreshColours(),
  };
}

const canDraw = () => Boolean(document.createElement("canvas").getContext("2d"));

function sayThatThereIsNone(element) {
  const words = document.createElement("p");
  words.textContent = NO_CANVAS;
  words.className = "map-none";
  element.replaceChildren(words);
}

function nameContainer(element) {
  if (!element.hasAttribute("role")) element.setAttribute("role", "application");
  if (!element.hasAttribute("aria-label") && !element.hasAttribute("aria-labelledby")) {
    element.setAttribute("aria-label", "Map of threats. The list holds the same threats.");
  }
}

/** The words that say that the map waits for something. */
function createBusy(element) {
  const words = document.createElement("p");
  words.className = "map-busy";
  words.setAttribute("role", "status");
  element.append(words);
  return (text) => {
    if (words.textContent !== text) words.textContent = text;
  };
}

/**
 * Make the map.
 *
 * The element's data attributes: `data-basemap-url` (folder of the built-in basemap, with a trailing slash), `data-tile-url`
 * and `data-tile-attribution` (raster tiles instead of it), `data-pmtiles-url` (a file of vector tiles instead of it),
 * `data-view` ("lat,lng,zoom" to start with).
 *
 * Events for `on`:
 * - `view` {bbox: Box, zoom, lat, lng} after every move; the box may cross the antimeridian (see bounds.js)
 * - `point-click` {id, mode, originalEvent}: mode "add" or "take" in select mode or with Shift, Ctrl or Alt, else null
 * - `cluster-click` {cells: {level, keys} | null, ids, count, selected, box, latlng, action, mode, originalEvent}: either cells or ids
 *   are given. Action "zoom": the map has zoomed in; "list": no zoom would part them, show a list; "select": clicked
 *   with a mode.
 * - `hover` {ids, cells}: what the pointer came over, both empty when it left
 * - `outline-click` {id, originalEvent}, `layers` {heat: boolean} when the person chose, `show-all` when asked to show all
 * - `select`, `select-mode`, `near`: see selecting.js; `load-error` {error} when a basemap file can't be read
 *
 * @param {HTMLElement} element with a height
 * @param {{selects?: boolean, heat?: boolean, near?: boolean}} options `selects` false leaves out selecting, on pages that only
 *   show; `heat` true offers the heat map, `near` true selecting by the distance from a place
 * @returns {CordonMap | null} null, and the element says so, where there is no canvas to draw on
 *
 * @typedef {object} CordonMap
 * @property {L.Map} map
 * @property {(view: import("./wire.js").View) => void} setView draw this instead of what was drawn
 * @property {(threat: {id: string, lat: number|null, lng: number|null} | null) => void} highlight mark one that is pointed at
 * @property {(isOn: boolean) => void} setHeat
 * @property {(outlines: {id: string, title: string, area: object}[]) => void} setOutlines of open incidents
 * @property {(geometry: object) => void} setArea the area that an incident was drawn with, GeoJSON
 * @property {(address: string) => Promise<void>} setAreas draw the areas of threats that this address answers, "" for none
 * @property {(edges?: {south: number, west: number, north: number, east: number}) => void} fit show these edges, or everything
 *   that the map holds
 * @property {(edges: {south: number, west: number, north: number, east: number}) => number} zoomFor the zoom at which these
 *   edges fill the map
 * @property {() => {bbox: import("./bounds.js").Box, zoom: number, lat: number, lng: number}} seen as the event `view` says it
 * @property {(words: string) => void} busy say what the map waits for, "" for nothing
 * @property {(type: string, listener: (detail: object) => void) => () => void} on
 * @property {() => void} remove
 */
export function createMap(element, { selects = true, heat: offersHeat = false, near: offersNear = false } = {}) {
  if (!canDraw()) {
    sayThatThereIsNone(element);
    return null;
  }
  nameContainer(element);
  const map = makeLeafletMap(element);
  const listeners = new EventTarget();
  const emit = (type, detail) => listeners.dispatchEvent(new CustomEvent(type, { detail }));
  L.control.attribution({ prefix: "Leaflet" }).addTo(map);
  const ground = addGround(map, element.dataset, (error) => emit("load-error", { error }));
  const heat = createHeat();
  const area = createOutlines().addTo(map);
  const outlines = createOutlines().addTo(map);
  const threats = createThreats().addTo(map);
  const noted = { view: "", areas: "" };
  const areas = whenNeeded(map, (words) => {
    noted.areas = words;
    tellNote();
  });
  const cards = new Cards();
  const busy = createBusy(element);

  const isSelected = (id) => {
    const view = threats.view();
    const row = view.mode === "points" ? rowOf(view, id) : -1;
    return row >= 0 && view.selected[row] > 0;
  };
  const select = selects ? new Selecting(map, emit) : null;
  const panel = new StackPanel(element, cards, selects, emit);
  const pointing = new Pointing(map, threats, cards, (type, detail) => {
    if (type === "hover") areas.point(detail.ids.length === 1 ? detail.ids[0] : null);
    if (type === "stack") panel.open({ ...detail, isSelected });
    else emit(type, detail);
  }, () => select?.mode ?? null);
  map.on("click", ({ containerPoint, originalEvent }) => {
    const outline = select?.mode || pointing.isOver(containerPoint) ? null : outlines.hit(containerPoint);
    if (outline) emit("outline-click", { id: outline.id, originalEvent });
  });
  map.on("mousemove", ({ containerPoint }) => {
    element.classList.toggle("map-over-outline", outlines.hit(containerPoint) !== null);
  });
  const key = createKey(element);
  const note = document.createElement("span");
  const tellNote = () => (note.textContent = noted.view + noted.areas);

  const setHeat = (isOn) => {
    if (isOn) heat.addTo(map);
    else heat.remove();
    threats.setHeat(isOn);
    heatButton.setAttribute("aria-pressed", String(isOn));
  };
  const heatButton = iconButton("heat", "Heat map", () => {
    const isOn = !map.hasLayer(heat);
    setHeat(isOn);
    emit("layers", { heat: isOn });
  });
  heatButton.setAttribute("aria-pressed", "false");

  L.control.zoom({ position: "topleft" }).addTo(map);
  const fitButton = iconButton("fit", "Show all threats", () => emit("show-all", {}));
  if (select) addControl(map, "topleft", "map-bar map-bar-tools", select.buttons(offersNear));
  addControl(map, "topleft", "map-bar", offersHeat ? [fitButton, heatButton] : [fitButton]);
  addControl(map, "topright", "map-bar map-bar-key", [key.button, key.panel]);
  addControl(map, "bottomleft", "map-note", [note]);

  const seen = () => {
    const { lat, lng } = map.getCenter().wrap();
    return { bbox: fromLeaflet(map.getBounds()), zoom: map.getZoom(), lat, lng };
  };
  map.on("moveend", () => emit("view", seen()));
  const unwatch = watchTheme(() => {
    const parts = [...ground.layers, area, outlines, threats, key];
    if (map.hasLayer(heat)) parts.push(heat);
    for (const part of parts) part.refreshColours?.();
    areas.refreshColours();
  });
  const observer = new ResizeObserver(() => {
    map.invalidateSize({ pan: false, debounceMoveend: true });
    map.setMinZoom(leastZoom(element));
  });
  observer.observe(element);

  return {
    map,
    busy,
    seen,
    setHeat,
    zoomFor: ({ south, west, north, east }) => map.getBoundsZoom([[south, west], [north, east]], false, L.point(64, 64)),
    setView(view) {
      threats.setView(view);
      heat.setView(view);
      for (const layer of ground.layers) layer.keepClear?.((zoom, world) => threats.boxes(zoom, world));
      noted.view = describeView(view.header);
      tellNote();
      fitButton.disabled = view.header.total - view.header.unplaced === 0;
      if (panel.isOpen) panel.follow(isSelected);
    },
    highlight(threat) {
      threats.highlight(threat);
      areas.point(threat?.id ?? null);
    },
    setAreas: (address) => areas.show(address),
    setOutlines: (shown) => outlines.setOutlines(shown),
    setArea: (geometry) => area.setOutlines([{ area: geometry }]),
    fit(edges) {
      const bounds = L.latLngBounds([]);
      for (const { south, west, north, east } of (edges ? [edges] : [threats.edges(), area.edges(), areas.edges()]).filter(Boolean)) {
        bounds.extend([[south, west], [north, east]]);
      }
      if (bounds.isValid()) map.fitBounds(bounds, { padding: [32, 32], maxZoom: FIT_ZOOM });
    },
    on(type, listener) {
      const handler = (event) => listener(event.detail);
      listeners.addEventListener(type, handler);
      return () => listeners.removeEventListener(type, handler);
    },
    remove() {
      observer.disconnect();
      unwatch();
      select?.remove();
      cards.stop();
      map.remove();
    },
  };
}
