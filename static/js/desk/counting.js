/** Asks the server what a selection comes to; only the latest question counts. */
import { pause, Refused, refuseUnlessGood } from "./fetching.js";

/** How soon to ask again, in ms, while the server reads the threats. */
const AGAIN = 500;

const number = new Intl.NumberFormat("en");

export class Counting {
  #token;
  #told;
  #running = null;

  /** @param {string} token of the form @param {(so_far: {done: string, of: string}) => void} told while the server reads the threats */
  constructor(token, told) {
    this.#token = token;
    this.#told = told;
  }

  /** Give up the question that is open. */
  stop() {
    this.#running?.abort();
  }

  /**
   * @param {string} selection steps as JSON @param {string[]} ids to be told of whether they are selected
   * @returns {Promise<import("./selection.js").Counted | null>} null when a later question came first
   * @throws {Refused} with words for the person
   */
  async ask(selection, ids) {
    this.stop();
    const mine = new AbortController();
    this.#running = mine;
    try {
      return await this.#answer(selection, ids, mine.signal);
    } catch (error) {
      if (mine.signal.aborted) return null;
      if (error instanceof Refused) throw error;
      throw new Refused("The server does not answer. The selection is kept.", { cause: error });
    }
  }

  async #answer(selection, ids, signal) {
    const body = new URLSearchParams({ csrf_token: this.#token, selection, ids: ids.join(" ") });
    for (;;) {
      const response = await fetch("/threats/selected", { method: "POST", body, signal, headers: { "X-Requested-With": "fetch" } });
      if (response.status !== 202) {
        await refuseUnlessGood(response);
        return response.json();
      }
      const { done, of } = (await response.json()).warming;
      this.#told({ done: number.format(done), of: number.format(of) });
      await pause(AGAIN, signal);
    }
  }
}
