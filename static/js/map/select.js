/** Selecting by a box drawn on the map, or by everything in view. */
import { fromLeaflet } from "./bounds.js";
import { iconButton } from "./controls.js";
import { L } from "./leaflet.js";
import { createModeBanner } from "./select-banner.js";

/** Drags shorter than this, in pixels, are clicks. */
const LEAST_DRAG = 5;

/**
 * Box selection: a mode in which dragging draws boxes, and Shift+drag outside that mode. Alt, or the banner's button, takes
 * away instead of adding. Escape gives up the box being drawn and leaves the mode.
 */
class BoxSelect {
  constructor(map, { selected, modeChanged }) {
    this.map = map;
    this.container = map.getContainer();
    this.selected = selected;
    this.modeChanged = modeChanged;
    this.isOn = false;
    this.takes = false;
    this.altHeld = false;
    this.drag = null;
    this.told = { selecting: false, mode: "add" };
    this.rectangle = document.createElement("div");
    this.rectangle.className = "map-box";
    this.rectangle.hidden = true;
    this.banner = createModeBanner({ done: () => this.leave(), toggleTake: () => this.setTakes(!this.takes) });
    this.container.append(this.rectangle, this.banner.element);
    this.button = iconButton("box", "Select a box", () => (this.isOn ? this.leave() : this.enter()));
    this.button.setAttribute("aria-pressed", "false");
    this.viewButton = iconButton("view", "Select everything in view", (event) => this.selectView(event.altKey));
    this.container.addEventListener("pointerdown", (event) => this._down(event));
    this.container.addEventListener("pointermove", (event) => this._move(event));
    this.container.addEventListener("pointerup", (event) => this._up(event));
    this.container.addEventListener("pointercancel", () => this._endDrag());
    this.listening = new AbortController();
    const { signal } = this.listening;
    document.addEventListener("keydown", (event) => this._key(event), { signal });
    document.addEventListener("keyup", (event) => this._key(event), { signal });
    globalThis.addEventListener("blur", () => this._setAlt(false), { signal });
  }

  enter() {
    if (this.isOn) return;
    this.isOn = true;
    this.map.dragging.disable();
    this._showMode();
  }

  leave() {
    this._endDrag();
    if (!this.isOn) return;
    this.isOn = false;
    this.takes = false;
    this.map.dragging.enable();
    this._showMode();
    // A button that had the focus goes away with the banner.
    if (document.activeElement === document.body || this.banner.element.contains(document.activeElement)) this.button.focus();
  }

  setTakes(takes) {
    this.takes = takes;
    this._showMode();
  }

  selectView(takeAway) {
    const bounds = this.map.getBounds();
    const mode = takeAway || this._mode() === "take" ? "take" : "add";
    this.selected({ box: fromLeaflet(bounds), bounds, mode, source: "view" });
  }

  remove() {
    this.listening.abort();
  }

  _mode() {
    return this.takes !== this.altHeld ? "take" : "add";
  }

  _showMode() {
    const takes = this._mode() === "take";
    this.container.classList.toggle("map-selecting", this.isOn);
    this.container.classList.toggle("map-taking-away", (this.isOn || this.drag !== null) && takes);
    this.button.setAttribute("aria-pressed", String(this.isOn));
    this.banner.show(this.isOn, takes);
    const mode = this._mode();
    if (this.told.selecting === this.isOn && this.told.mode === mode) return;
    this.told = { selecting: this.isOn, mode };
    this.modeChanged(this.told);
  }

  _setAlt(held) {
    if (held === this.altHeld) return;
    this.altHeld = held;
    if (this.isOn || this.drag) this._showMode();
  }

  _key(event) {
    if (event.key === "Alt") {
      // Some browsers move the focus to their menu at Alt.
      if (this.isOn || this.drag) event.preventDefault();
      this._setAlt(event.type === "keydown");
    }
    if (event.type === "keydown" && event.key === "Escape" && (this.isOn || this.drag)) {
      event.preventDefault();
      this.leave();
    }
  }

  _down(event) {
    if (this.drag) {
      // A second finger means zooming, not a box.
      this._endDrag();
      return;
    }
    const wanted = event.button === 0 && event.isPrimary && (this.isOn || event.shiftKey);
    if (!wanted || event.target.closest(".leaflet-control, .map-mode")) return;
    this._setAlt(event.altKey);
    this.drag = { pointer: event.pointerId, from: this._point(event), moved: false };
  }

  _move(event) {
    const { drag } = this;
    if (!drag || event.pointerId !== drag.pointer) return;
    this._setAlt(event.altKey);
    const to = this._point(event);
    if (!drag.moved && to.distanceTo(drag.from) < LEAST_DRAG) return;
    if (!drag.moved) {
      drag.moved = true;
      this.container.setPointerCapture(event.pointerId);
      this.container.classList.add("map-drawing-box");
      this._showMode();
    }
    const bounds = L.bounds(drag.from, to);
    const { x, y } = bounds.getSize();
    this.rectangle.hidden = false;
    this.rectangle.style.transform = `translate(${bounds.min.x}px, ${bounds.min.y}px)`;
    this.rectangle.style.width = `${x}px`;
    this.rectangle.style.height = `${y}px`;
  }

  _up(event) {
    const { drag } = this;
    if (!drag || event.pointerId !== drag.pointer) return;
    this._setAlt(event.altKey);
    const mode = this._mode();
    this._endDrag();
    if (!drag.moved) return;
    this._swallowClick();
    const corners = [drag.from, this._point(event)].map((point) => this.map.containerPointToLatLng(point));
    const bounds = L.latLngBounds(corners);
    this.selected({ box: fromLeaflet(bounds), bounds, mode, source: "box" });
  }

  _endDrag() {
    if (!this.drag) return;
    this.drag = null;
    this.rectangle.hidden = true;
    this.container.classList.remove("map-drawing-box");
    this._showMode();
  }

  /** The click that ends a drag is not a click on what lies under it. */
  _swallowClick() {
    const swallow = (event) => event.stopImmediatePropagation();
    this.container.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => this.container.removeEventListener("click", swallow, { capture: true }), 0);
  }

  _point(event) {
    const point = this.map.mouseEventToContainerPoint(event);
    const size = this.map.getSize();
    return L.point(Math.max(0, Math.min(size.x, point.x)), Math.max(0, Math.min(size.y, point.y)));
  }
}

/**
 * Add box selection to a map.
 *
 * @param {L.Map} map with its own `boxZoom` switched off
 * @param {{selected: (event: {box: import("./bounds.js").Box, bounds: L.LatLngBounds, mode: "add"|"take",
 *   source: "box"|"view"}) => void, modeChanged: (event: {selecting: boolean, mode: "add"|"take"}) => void}} callbacks
 *   `bounds` may lie on any copy of the world; `box` is in -180 to 180
 */
export function createBoxSelect(map, callbacks) {
  return new BoxSelect(map, callbacks);
}
