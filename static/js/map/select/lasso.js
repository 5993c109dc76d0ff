/** The tool that draws an area by hand: by a drag, or along the way of the cross that the keyboard moves. */
import { polygonArea } from "./areas.js";
import { simplify } from "./simplify.js";

/** As many corners as an area is sent with. */
const CORNERS_MAX = 500;
/** Points nearer to the last one than this, in pixels, are left out while drawing. */
const LEAST_STEP = 2;

export class LassoTool {
  name = "lasso";
  drags = true;
  words = { add: "Draw round what to select.", take: "Draw round what to take out of the selection." };
  keys = "Keys: arrows move the cross, Enter begins and ends the line, Space picks what lies under it.";
  #kit;
  #places = [];

  /** @param {import("../selecting.js").Kit} kit */
  constructor(kit) {
    this.#kit = kit;
  }

  get isDrawing() {
    return this.#places.length > 0;
  }

  begin(place) {
    this.#places = [place];
    this.#show();
  }

  go(place) {
    if (!this.isDrawing) return;
    if (this.#point(place).distanceTo(this.#point(this.#places.at(-1))) < LEAST_STEP) return;
    this.#places.push(place);
    this.#show();
  }

  end(place) {
    const places = [...this.#places, place];
    this.cancel();
    const corners = simplify(places.map((one) => this.#point(one)), CORNERS_MAX).map((i) => places[i]);
    if (corners.length < 3) this.#kit.say("Draw round an area, or click a threat or a cluster.");
    else this.#kit.selected({ area: polygonArea(corners), name: this.name });
  }

  /** Enter at the cross. */
  enter(place) {
    if (this.isDrawing) this.end(place);
    else this.begin(place);
  }

  cancel() {
    this.#places = [];
    this.#kit.sketch.show([]);
  }

  #show() {
    this.#kit.sketch.show(this.#places, { isClosed: this.#places.length > 2, marks: this.#places.length === 1 });
  }

  #point(place) {
    return this.#kit.map.latLngToContainerPoint(place);
  }
}
