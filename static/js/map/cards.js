/** What the tooltip and the panel say of single threats, fetched when asked for and kept for a while. */

/** As many ids as the server takes at once. */
export const AT_ONCE = 50;
const KEPT = 500;

/** @typedef {{id: string, title: string, severity: string, status: string, threat_type: string|null, place: string|null,
 *   observed: string|null, source: string, precision: string|null, uncertainty_km: number|null, url: string}} Card */

export class Cards {
  #known = new Map();
  #running = null;

  /** @param {string} id @returns {Card | undefined} if it is here already */
  get(id) {
    return this.#known.get(id);
  }

  /** Let what may be old be asked for again. */
  forget() {
    this.#known.clear();
  }

  /**
   * Fetch cards; an earlier call that is still under way is given up.
   *
   * @param {string[]} ids at most AT_ONCE
   * @returns {Promise<Card[] | null>} in the order of the ids, without those that are gone; null when a later call came first
   * @throws {Error} when the server does not give them
   */
  async fetch(ids) {
    this.#running?.abort();
    this.#running = null;
    const missing = ids.filter((id) => !this.#known.has(id));
    if (missing.length) {
      const mine = new AbortController();
      this.#running = mine;
      try {
        const address = `/threats/cards?ids=${missing.join("+")}`;
        const answer = await fetch(address, { signal: mine.signal, headers: { "X-Requested-With": "fetch" } });
        if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
        for (const card of (await answer.json()).cards) this.#known.set(card.id, card);
      } catch (error) {
        if (mine.signal.aborted) return null;
        throw error;
      }
    }
    const found = ids.map((id) => this.#known.get(id)).filter(Boolean);
    for (const id of this.#known.keys()) {
      if (this.#known.size <= KEPT) break;
      this.#known.delete(id);
    }
    return found;
  }

  stop() {
    this.#running?.abort();
  }
}
