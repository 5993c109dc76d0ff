/** The desk's map: a view of the same threats and the same selection. */
import { asParameter } from "../map/bounds.js";
import { createMap } from "../map/map.js";
import { smallView } from "../map/small-view.js";
import { latestOnly, Refused } from "./fetching.js";
import { withParameter, without } from "./filters.js";

const number = new Intl.NumberFormat("en");

export class ThreatMap {
  #map;
  #selection;
  #status;
  #ranks = new Map();
  #data = null;
  #query = "";
  #fetchPoints = latestOnly("json");
  #fetchWithin = latestOnly("json");

  /**
   * @param {HTMLElement} element @param {HTMLElement} status where words about the map go
   * @param {import("./selection.js").Selection} selection
   */
  constructor(element, status, selection) {
    this.#map = createMap(element);
    this.#selection = selection;
    this.#status = status;
    if (!this.#map) return;
    this.#map.on("show-all", () => this.#map.fit());
    this.#map.on("point-click", ({ id }) => selection.toggle(id, this.#ranks.get(id)));
    this.#map.on("cluster-click", (event) => this.#clusterClicked(event));
    this.#map.on("select", (event) => this.#areaSelected(event));
    this.#map.on("load-error", () => this.#say("Part of the map could not be loaded."));
    selection.addEventListener("change", () => this.#show());
  }

  /** Draw what matches. @param {string} view the list's query string @param {boolean} fit whether to show all of it */
  async load(view, fit) {
    const query = without(view, "page", "sort");
    if (!this.#map || (query === this.#query && this.#ranks.size)) return;
    try {
      const data = await this.#fetchPoints(`/threats/points${query}`);
      if (!data) return;
      this.#query = query;
      this.#ranks = new Map(data.ids.map((id, i) => [id, data.severity[i]]));
      this.#data = data;
      this.#show();
      const drawn = `${number.format(data.shown)} of ${number.format(data.total)} drawn; selecting takes all that match.`;
      this.#say(data.shown < data.total ? drawn : "");
      if (fit) this.#map.fit();
    } catch (error) {
      this.#refused(error);
    }
  }

  #show() {
    if (this.#data) this.#map.setView(smallView(this.#data, this.#selection.ids()));
  }

  #clusterClicked({ ids, action, originalEvent }) {
    if (action === "zoom") return;
    if (originalEvent.altKey) this.#selection.take(ids);
    else this.#selection.add(ids.map((id) => [id, this.#ranks.get(id)]));
  }

  /** The server says what the area holds, so that what is not drawn is selected too. */
  async #areaSelected({ box, mode }) {
    try {
      const data = await this.#fetchWithin(`/threats/within${withParameter(this.#query, "area", asParameter(box))}`);
      if (!data) return;
      const { ids, severity } = data;
      if (mode === "take") this.#selection.take(ids);
      else this.#selection.add(ids.map((id, i) => [id, severity[i]]));
      this.#say(ids.length ? "" : "No threats there.");
    } catch (error) {
      this.#refused(error);
    }
  }

  #refused(error) {
    if (!(error instanceof Refused)) throw error;
    this.#say(error.message);
  }

  #say(words) {
    this.#status.textContent = words;
  }
}
