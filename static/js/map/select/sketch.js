/** What is being drawn, over the map: a line or an area with its corners, and the cross that the keyboard moves. */

const SVG = "http://www.w3.org/2000/svg";

function shape(tag, className) {
  const element = document.createElementNS(SVG, tag);
  element.setAttribute("class", className);
  return element;
}

export class Sketch {
  #map;
  #svg = shape("svg", "map-sketch");
  #line = shape("path", "map-sketch-line");
  #corners = shape("path", "map-sketch-corners");
  #cross = shape("path", "map-sketch-cross");
  #places = [];
  #options = {};

  /** @param {L.Map} map */
  constructor(map) {
    this.#map = map;
    this.#svg.setAttribute("aria-hidden", "true");
    this.#svg.append(this.#line, this.#corners, this.#cross);
    map.getContainer().append(this.#svg);
    map.on("move zoomend viewreset resize", () => this.#draw());
  }

  /**
   * Show this instead of what was shown.
   *
   * @param {L.LatLng[]} places none for nothing @param {{isClosed?: boolean, marks?: boolean}} options whether it is an area, and
   *   whether its corners are marked
   */
  show(places, options = {}) {
    this.#places = places;
    this.#options = options;
    this.#draw();
  }

  /** @param {L.Point | null} point in the container, null for no cross */
  cross(point) {
    this.#cross.setAttribute("d", point ? `M${point.x - 14} ${point.y}h28M${point.x} ${point.y - 14}v28` : "");
  }

  #draw() {
    const points = this.#places.map((place) => this.#map.latLngToContainerPoint(place));
    const line = points.map(({ x, y }, i) => `${i ? "L" : "M"}${x} ${y}`).join("");
    this.#line.setAttribute("d", line && this.#options.isClosed ? `${line}Z` : line);
    const mark = ({ x, y }) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0`;
    this.#corners.setAttribute("d", this.#options.marks ? points.map(mark).join("") : "");
  }
}
