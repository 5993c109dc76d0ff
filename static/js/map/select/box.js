/** The tool that draws boxes: by a drag, or by two corners set with the keyboard. */
import { boxArea } from "./areas.js";

export class BoxTool {
  name = "box";
  drags = true;
  words = { add: "Drag a box to select.", take: "Drag a box to take threats out of the selection." };
  keys = "Keys: arrows move the cross, Enter sets two corners, Space picks what lies under it.";
  #kit;
  #from = null;

  /** @param {import("../selecting.js").Kit} kit */
  constructor(kit) {
    this.#kit = kit;
  }

  get isDrawing() {
    return this.#from !== null;
  }

  begin(place) {
    this.#from = place;
    this.#kit.sketch.show([place], { marks: true });
  }

  go(place) {
    if (!this.#from) return;
    const { lat, lng } = this.#from;
    this.#kit.sketch.show([this.#from, { lat, lng: place.lng }, place, { lat: place.lat, lng }], { isClosed: true });
  }

  end(place) {
    const from = this.#from;
    this.cancel();
    this.#kit.selected({ area: boxArea(from, place), name: this.name });
  }

  /** Enter at the cross. */
  enter(place) {
    if (this.#from) this.end(place);
    else this.begin(place);
  }

  cancel() {
    this.#from = null;
    this.#kit.sketch.show([]);
  }
}
