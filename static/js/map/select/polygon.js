/** The tool that draws an area corner by corner. Between corners the map can be moved and zoomed. */
import { polygonArea } from "./areas.js";

/** A corner nearer to the last one than this, in pixels, is the same one: as the second click of a double click. */
const SAME = 4;
const CORNERS_MAX = 500;

export class PolygonTool {
  name = "polygon";
  drags = false;
  words = { add: "Click the corners of an area to select.", take: "Click the corners of an area to take out." };
  keys = "Enter or a double click closes it, Backspace removes the last corner. Arrows move a cross, Enter sets a corner there.";
  #kit;
  #places = [];

  /** @param {import("../selecting.js").Kit} kit */
  constructor(kit) {
    this.#kit = kit;
  }

  get isDrawing() {
    return this.#places.length > 0;
  }

  click(place) {
    if (this.#isLast(place) || this.#places.length >= CORNERS_MAX) return;
    this.#places.push(place);
    this.#show();
    this.#kit.said(`Corner ${this.#places.length}`);
  }

  go(place) {
    if (this.isDrawing) this.#show(place);
  }

  /** Enter: at the cross a corner, and once more at the same place the end; without a cross the end. */
  enter(place) {
    if (place && !this.#isLast(place)) this.click(place);
    else this.close();
  }

  close() {
    if (this.#places.length < 3) {
      if (this.isDrawing) this.#kit.say("An area needs three corners.");
      return;
    }
    const places = this.#places;
    this.cancel();
    this.#kit.selected({ area: polygonArea(places), name: this.name });
  }

  back() {
    this.#places.pop();
    this.#show();
    this.#kit.said(this.isDrawing ? `${this.#places.length} left` : "No corner left");
  }

  cancel() {
    this.#places = [];
    this.#show();
  }

  #isLast(place) {
    const last = this.#places.at(-1);
    const point = (one) => this.#kit.map.latLngToContainerPoint(one);
    return last !== undefined && point(last).distanceTo(point(place)) < SAME;
  }

  #show(next = null) {
    this.#kit.sketch.show(next ? [...this.#places, next] : [...this.#places], { isClosed: this.#places.length > 1, marks: true });
    this.#kit.drawingChanged();
  }
}
