/** The cross that the arrow keys move over the map, for drawing without a pointer. */
import { L } from "../leaflet.js";

const STEP = 24;
const SMALL_STEP = 4;
/** Nearer to the edge than this, in pixels, the map moves under the cross. */
const MARGIN = 32;
const SPEAK_AFTER = 500;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Crosshair {
  #map;
  #sketch;
  #spoken = document.createElement("p");
  #timer = 0;
  /** @type {L.Point | null} where it is in the container; null while it is not used */
  point = null;

  /** @param {L.Map} map @param {import("./sketch.js").Sketch} sketch */
  constructor(map, sketch) {
    this.#map = map;
    this.#sketch = sketch;
    this.#spoken.className = "hidden";
    this.#spoken.setAttribute("role", "status");
    map.getContainer().append(this.#spoken);
  }

  /** @returns {L.LatLng} */
  get place() {
    return this.#map.containerPointToLatLng(this.point);
  }

  /** Move it if the key is an arrow; the first one only shows it. @param {KeyboardEvent} event @returns {boolean} whether it was */
  key({ key, shiftKey }) {
    const way = ARROWS[key];
    if (!way) return false;
    const size = this.#map.getSize();
    if (this.point) {
      const wanted = this.point.add(L.point(way).multiplyBy(shiftKey ? SMALL_STEP : STEP));
      this.point = L.point(
        Math.max(MARGIN, Math.min(size.x - MARGIN, wanted.x)),
        Math.max(MARGIN, Math.min(size.y - MARGIN, wanted.y)),
      );
      const beyond = wanted.subtract(this.point);
      if (beyond.x || beyond.y) this.#map.panBy(beyond, { animate: false });
    } else {
      this.point = size.divideBy(2).round();
    }
    this.#sketch.cross(this.point);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.point && this.say(`Cross at ${this.words()}`), SPEAK_AFTER);
    return true;
  }

  hide() {
    clearTimeout(this.#timer);
    this.point = null;
    this.#sketch.cross(null);
  }

  /** Where it is, in degrees. */
  words() {
    const { lat, lng } = this.place.wrap();
    return `${lat.toFixed(2)}, ${lng.toFixed(2)}`;
  }

  /** Have a screen reader say something. */
  say(words) {
    clearTimeout(this.#timer);
    this.#spoken.textContent = words;
  }
}
