/** The desk's map: a view of the same threats and the same selection. */
import { asParameter, fromEdges } from "../map/bounds.js";
import { edgesOf } from "../map/clusters.js";
import { createMap } from "../map/map.js";
import { rowOf } from "../map/wire.js";
import { agree } from "./agreement.js";
import { latestOnly, Refused } from "./fetching.js";
import { without, withParameter } from "./filters.js";
import { frozen } from "./frozen.js";
import { isMapAddress, readMapAddress, writeMapAddress } from "./map-address.js";
import { ViewSource } from "./view-source.js";

const WORLD = { bbox: { min_lat: -90, min_lng: -180, max_lat: 90, max_lng: 180 }, zoom: 1 };
/** Looking closer this often is enough to find the edges of all that match. */
const LOOKS = 5;
/** How soon to ask again, in ms, after the server did not answer. */
const AGAIN = 5000;

export class ThreatMap {
  #map;
  #selection;
  #status;
  #source;
  #listInside;
  #query = null;
  #place = null;
  #view = null;
  #address = readMapAddress();
  /** Whether the person has put a hand to the map since it last showed all; what moves it otherwise is not for the address. */
  #isTouched = false;
  /** How often the map was asked to go somewhere: what comes of an earlier time counts no more. */
  #placesAsked = 0;
  #again = 0;
  #fetchOutlines = latestOnly("json");

  /**
   * @param {HTMLElement} element @param {HTMLElement} status where words about the map go
   * @param {import("./selection.js").Selection} selection @param {HTMLElement} list
   * @param {{listInside: (bbox: string) => void, near: (place: {lat: number, lng: number}) => void}} lead have the list show what
   *   lies in a box; have the tray select near a place
   */
  constructor(element, status, selection, list, { listInside, near }) {
    const { place, heat } = this.#address;
    if (place) element.dataset.view = `${place.lat},${place.lng},${place.zoom}`;
    this.#map = createMap(element, { heat: true, near: true });
    if (!this.#map) return;
    this.#selection = selection;
    this.#status = status;
    this.#listInside = listInside;
    this.#source = new ViewSource(element.closest("form").elements.csrf_token.value, (words) => this.#map.busy(words));
    if (heat) this.#map.setHeat(true);
    const follow = {
      view: (seen) => this.#moved(seen),
      "show-all": () => this.#showAll(),
      "point-click": ({ id, mode }) => (mode ? selection.apply(mode, { ids: [id] }) : selection.toggle(id, this.#isMarked(id))),
      "cluster-click": (event) => this.#clusterClicked(event),
      near: (place) => near(place),
      "outline-click": ({ id }) => location.assign(`/incidents/${id}`),
      layers: (layers) => this.#note(layers),
      select: (event) => this.#areaSelected(event),
      "load-error": () => this.#say("Part of the map could not be loaded."),
    };
    for (const [type, listener] of Object.entries(follow)) this.#map.on(type, listener);
    agree(list, this.#map);
    selection.addEventListener("change", () => this.#ask());
    for (const type of ["pointerdown", "wheel", "keydown"]) {
      element.addEventListener(type, () => (this.#isTouched = true), { capture: true, passive: true });
    }
    addEventListener("hashchange", () => this.#followAddress());
    document.addEventListener("visibilitychange", () => document.hidden || this.#outline());
    this.#outline();
  }

  /** Draw what matches. @param {string} view the list's query string @param {boolean} fit whether to show all of it */
  async load(view, fit) {
    const query = without(view, "page", "cursor", "sort");
    if (!this.#map || query === this.#query) return;
    this.#query = query;
    if (fit && !this.#address.place) await this.#showAll();
    else {
      this.#place ??= this.#map.seen();
      await this.#ask();
    }
  }

  /** Draw what matches now, where the map is. */
  refresh() {
    if (!this.#map) return;
    this.#ask();
    this.#outline();
  }

  /** Go where the address says, after going back or following a link. One to a part of the page says nothing of the map. */
  #followAddress() {
    if (location.hash && !isMapAddress()) return;
    this.#address = readMapAddress();
    this.#placesAsked += 1;
    const { place, heat } = this.#address;
    this.#map.setHeat(heat);
    if (place) this.#map.map.setView([place.lat, place.lng], place.zoom);
  }

  #moved(seen) {
    this.#place = seen;
    if (this.#isTouched) this.#note({ place: seen });
    this.#ask();
  }

  #note(part) {
    this.#address = { ...this.#address, ...part };
    writeMapAddress(this.#address);
  }

  /** Ask what to draw where the map is; what was drawn stays until the answer is there. */
  async #ask() {
    if (this.#query === null || !this.#place) return;
    clearTimeout(this.#again);
    try {
      const view = await this.#source.ask(this.#query, this.#place, this.#selection.text());
      if (!view) return;
      this.#view = view;
      this.#map.setView(view);
      this.#say("");
      // Of threats that are drawn one by one; those of a whole world of them would hide each other.
      const isByOne = view.mode === "points" && view.count > 0;
      this.#map.setAreas(isByOne ? `/threats/areas${withParameter(this.#query, "view", asParameter(this.#place.bbox))}` : "");
    } catch (error) {
      this.#refused(error, () => this.#ask());
    }
  }

  /** Show all that match: look at the world, then closer and closer until the edges are known to some pixels. */
  async #showAll() {
    this.#placesAsked += 1;
    const asked = this.#placesAsked;
    clearTimeout(this.#again);
    try {
      let { bbox, zoom } = WORLD;
      let edges = null;
      for (let look = 0; look < LOOKS; look += 1) {
        const view = await this.#source.ask(this.#query, { bbox, zoom }, "");
        if (!view || asked !== this.#placesAsked) return;
        edges = edgesOf(view, Array.from({ length: view.count }, (_, row) => row));
        const closer = edges ? this.#map.zoomFor(edges) : 0;
        if (!edges || view.mode === "points" || closer <= zoom) break;
        zoom = closer;
        bbox = fromEdges(edges);
      }
      this.#isTouched = false;
      this.#note({ place: null });
      if (edges) this.#map.fit(edges);
      else this.#moved(this.#map.seen());
    } catch (error) {
      this.#refused(error, () => this.#showAll());
    }
  }

  async #outline() {
    try {
      const data = await this.#fetchOutlines("/incidents/outlines");
      if (data) this.#map.setOutlines(data.outlines);
    } catch (error) {
      this.#refused(error);
    }
  }

  #isMarked(id) {
    const row = this.#view?.mode === "points" ? rowOf(this.#view, id) : -1;
    return row >= 0 && this.#view.selected[row] > 0;
  }

  /** A cluster of points is selected by their ids, one of cells by its squares, of which the server knows what they hold. */
  #clusterClicked({ ids, cells, action, box, mode }) {
    if (action === "list") this.#listInside(asParameter(box));
    else if (action !== "select") return;
    else if (cells) this.#selection.apply(mode, { area: { cells }, filters: frozen(this.#query), name: "cluster" });
    else this.#selection.apply(mode, { ids });
  }

  #areaSelected({ area, name, mode }) {
    this.#selection.apply(mode, { area, filters: frozen(this.#query), name });
  }

  #refused(error, retry) {
    if (!(error instanceof Refused)) throw error;
    this.#say(error.message);
    if (retry && !error.isAboutInput) this.#again = setTimeout(retry, AGAIN);
  }

  #say(words) {
    this.#status.textContent = words;
  }
}
