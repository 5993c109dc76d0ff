/** Asks the server what the map shall draw, and says in words what the person waits for. */
import { asParameter } from "../map/bounds.js";
import { decodeView } from "../map/wire.js";
import { pause, Refused, refuseUnlessGood } from "./fetching.js";
import { withParameter } from "./filters.js";

/** How long an answer may take, in ms, before the map says that it is still being counted. */
const SLOW = 2000;
/** How soon to ask again, in ms, while the server reads the threats. */
const AGAIN = 500;

const number = new Intl.NumberFormat("en");

export class ViewSource {
  #token;
  #busy;
  #running = null;

  /** @param {string} token of the form, for asking with a selection @param {(words: string) => void} busy */
  constructor(token, busy) {
    this.#token = token;
    this.#busy = busy;
  }

  /**
   * Ask for a view; an earlier question that is still open is given up.
   *
   * @param {string} query the filters @param {{bbox: import("../map/bounds.js").Box, zoom: number}} place
   * @param {string} selection steps as JSON, or "" for none
   * @returns {Promise<import("../map/wire.js").View | null>} null when a later question came first
   * @throws {Refused} with words for the person
   */
  async ask(query, { bbox, zoom }, selection) {
    this.#running?.abort();
    const mine = new AbortController();
    this.#running = mine;
    const slow = setTimeout(() => this.#busy("Still counting…"), SLOW);
    const address = `/threats/view${withParameter(withParameter(query, "view", asParameter(bbox)), "zoom", zoom)}`;
    try {
      return await this.#answer(address, selection, mine.signal);
    } catch (error) {
      if (mine.signal.aborted) return null;
      if (error instanceof Refused) throw error;
      throw new Refused("The server does not answer. What you see may be old.", { cause: error });
    } finally {
      clearTimeout(slow);
      if (this.#running === mine) this.#busy("");
    }
  }

  async #answer(address, selection, signal) {
    const headers = { "X-Requested-With": "fetch" };
    const body = selection ? new URLSearchParams({ csrf_token: this.#token, selection }) : undefined;
    for (;;) {
      const response = await fetch(address, { method: body ? "POST" : "GET", body, headers, signal });
      if (response.status !== 202) {
        await refuseUnlessGood(response);
        return decodeView(await response.arrayBuffer());
      }
      const { done, of } = (await response.json()).warming;
      this.#busy(`Counting ${number.format(done)} of ${number.format(of)}`);
      await pause(AGAIN, signal);
    }
  }
}
