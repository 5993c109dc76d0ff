/** What a pointer does in select mode: drags that draw, and which clicks are none because the map went along. */
import { L } from "../leaflet.js";

/** Drags shorter than this, in pixels, are clicks. */
const LEAST_DRAG = 5;
/** What stands on the map and takes its own clicks. */
const STANDING = ".leaflet-control, .map-mode, .map-stack, a";

export const isOnMap = ({ target }) => !target.closest(STANDING);

export class Strokes {
  #map;
  #container;
  #toolFor;
  #noted;
  #changed;
  #press = null;
  #drag = null;

  /**
   * @param {L.Map} map
   * @param {{toolFor: (event: PointerEvent) => object | null, noted: (event: PointerEvent) => void, changed: () => void}} callbacks
   *   which tool a press is for, that a pointer event came for it, and that drawing began or ended
   * @param {AbortSignal} signal
   */
  constructor(map, { toolFor, noted, changed }, signal) {
    this.#map = map;
    this.#container = map.getContainer();
    this.#toolFor = toolFor;
    this.#noted = noted;
    this.#changed = changed;
    this.#container.addEventListener("pointerdown", (event) => this.#down(event), { signal });
    this.#container.addEventListener("pointermove", (event) => this.#move(event), { signal });
    this.#container.addEventListener("pointerup", (event) => this.#up(event), { signal });
    this.#container.addEventListener("pointercancel", () => this.stop(), { signal });
  }

  /** Whether a button is down that may draw. */
  get isOn() {
    return this.#drag !== null;
  }

  get isDrawing() {
    return this.#drag?.moved ?? false;
  }

  /** Give up what is being drawn. */
  stop() {
    if (!this.#drag) return;
    this.#drag.tool.cancel();
    this.#drag = null;
    this.#changed();
  }

  /** Whether a click did not end a drag of the map. */
  isClick(event) {
    return this.#press !== null && this.#press.distanceTo(this.#point(event)) < LEAST_DRAG;
  }

  /** @returns {L.LatLng} where an event is, at most at the edge of the map */
  place(event) {
    return this.#map.containerPointToLatLng(this.#point(event));
  }

  #down(event) {
    if (this.#drag) {
      // A second finger means zooming, not drawing.
      this.stop();
      return;
    }
    this.#press = this.#point(event);
    const tool = event.button === 0 && event.isPrimary && isOnMap(event) ? this.#toolFor(event) : null;
    if (!tool) return;
    this.#noted(event);
    tool.cancel();
    this.#drag = { pointer: event.pointerId, tool, moved: false };
  }

  #move(event) {
    const drag = this.#drag;
    if (!drag || event.pointerId !== drag.pointer) return;
    this.#noted(event);
    if (!drag.moved) {
      if (this.isClick(event)) return;
      drag.moved = true;
      this.#container.setPointerCapture(event.pointerId);
      drag.tool.begin(this.#map.containerPointToLatLng(this.#press));
      this.#changed();
    }
    // A quick hand moves farther than one event tells.
    for (const one of event.getCoalescedEvents?.() ?? []) drag.tool.go(this.place(one));
    drag.tool.go(this.place(event));
  }

  #up(event) {
    const drag = this.#drag;
    if (!drag || event.pointerId !== drag.pointer) return;
    this.#noted(event);
    if (drag.moved) {
      this.#swallowClick();
      drag.tool.end(this.place(event));
    }
    this.stop();
  }

  /** The click that ends a drag is not a click on what lies under it. */
  #swallowClick() {
    const swallow = (event) => event.stopImmediatePropagation();
    this.#container.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => this.#container.removeEventListener("click", swallow, { capture: true }), 0);
  }

  #point(event) {
    const point = this.#map.mouseEventToContainerPoint(event);
    const size = this.#map.getSize();
    return L.point(Math.max(0, Math.min(size.x, point.x)), Math.max(0, Math.min(size.y, point.y)));
  }
}
