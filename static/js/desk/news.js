/** Staying current: asks the server now and then whether more came in, and says so; nothing moves until the person asks for it. */
import { clock } from "../page/shown.js";
import { refuseUnlessGood, Refused } from "./fetching.js";
import { without } from "./filters.js";

const EVERY = 15_000;
const SLOWEST = 120_000;
/** An answer that took long is asked for less often: the pause is so many times as long. */
const RESPECT = 10;
/** So far back, in ms, arrivals are counted: one written before the list was read may have been committed after it. */
const MARGIN = 600_000;
/** The whole world at its smallest: few cells, for the numbers are in the header. */
const PLACE = { view: "-180,-85,180,85", zoom: "0" };

const number = new Intl.NumberFormat("en");

/** Ask for the numbers of a view only. @returns {Promise<{total: number, version: string} | null>} null while they are being counted */
async function headerOf(response) {
  const body = await response.arrayBuffer();
  const size = new DataView(body).getUint32(0, true);
  return JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, size)));
}

export class News {
  #button;
  #say;
  #found;
  #query = "";
  #since = "";
  #before = null;
  #etag = "";
  #asked = 0;
  #pause = EVERY;
  #timer = 0;
  #current = Date.now();

  /**
   * @param {HTMLButtonElement} button shown while there is something new
   * @param {(words: string) => void} say what stands in the way, "" for nothing
   * @param {(count: number) => void} found is told when there is more than before
   */
  constructor(button, say, found) {
    this.#button = button;
    this.#say = say;
    this.#found = found;
    document.addEventListener("visibilitychange", () => this.#wake());
    addEventListener("online", () => this.#wake());
    addEventListener("offline", () => this.#failed(new TypeError("offline")));
  }

  /** The list was read: from here on what comes in is new. @param {string} query its query string @param {number} at when it was */
  restart(query, at) {
    this.#query = without(query, "page", "cursor", "sort", "arrived_from", "new");
    const own = Date.parse(new URLSearchParams(query).get("arrived_from") ?? "");
    this.#since = new Date(Math.max(own || 0, at - MARGIN)).toISOString();
    this.#before = null;
    this.#etag = "";
    this.#current = Date.now();
    this.#button.hidden = true;
    this.#ask();
  }

  #wake() {
    if (document.hidden || Date.now() - this.#asked < EVERY / 3) return;
    this.#pause = EVERY;
    this.#ask();
  }

  #later() {
    clearTimeout(this.#timer);
    // A hidden page asks nothing; it does when it is looked at again.
    this.#timer = setTimeout(() => document.hidden || this.#ask(), this.#pause);
  }

  async #ask() {
    clearTimeout(this.#timer);
    const [query, since] = [this.#query, this.#since];
    const begun = (this.#asked = Date.now());
    try {
      const header = await this.#fetch(query, since);
      if (query !== this.#query || since !== this.#since) return;
      this.#pause = Math.max(EVERY, Math.min(SLOWEST, RESPECT * (Date.now() - begun)));
      this.#say("");
      if (header) this.#tell(header.total);
      else this.#current = Date.now();
    } catch (error) {
      if (query !== this.#query || since !== this.#since) return;
      this.#failed(error);
    }
    this.#later();
  }

  /** @returns {Promise<object|null>} the numbers, or null when nothing has changed or they are being counted */
  async #fetch(query, since) {
    const asked = new URLSearchParams(query);
    for (const [name, value] of Object.entries({ ...PLACE, arrived_from: since })) asked.set(name, value);
    const headers = { "X-Requested-With": "fetch", ...(this.#etag && { "If-None-Match": this.#etag }) };
    const response = await fetch(`/threats/view?${asked}`, { headers, cache: "no-store" });
    if (response.status === 304 || response.status === 202) return null;
    await refuseUnlessGood(response);
    const header = await headerOf(response);
    if (query === this.#query && since === this.#since) this.#etag = response.headers.get("ETag") ?? "";
    return header;
  }

  #tell(total) {
    this.#current = Date.now();
    // The first answer says what the list holds already.
    this.#before ??= total;
    const count = total - this.#before;
    if (count <= 0) return;
    const words = `${number.format(count)} new`;
    if (this.#button.textContent === words && !this.#button.hidden) return;
    this.#button.textContent = words;
    this.#button.hidden = false;
    this.#found(count);
  }

  #failed(error) {
    this.#pause = Math.min(SLOWEST, this.#pause * 2);
    const when = `What you see is as of ${clock(this.#current)}.`;
    if (error instanceof Refused) this.#say(error.message);
    else this.#say(navigator.onLine ? `The server does not answer. ${when}` : `You are offline. ${when}`);
  }
}
