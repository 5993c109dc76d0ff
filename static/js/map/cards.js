/** What the tooltip and the panel say of single threats, fetched when asked for and kept for a while. */

/** As many ids as the server takes at once. */
export const AT_ONCE = 50;
/** How many are kept, and how long, in ms. */
const KEPT = 500;
const LIFE = 60_000;

/** @typedef {{id: string, title: string, severity: string, status: string, threat_type: string|null, place: string|null,
 *   observed_at: string|null, source: string, precision: string|null, uncertainty_km: number|null}} Card */

export class Cards {
  #known = new Map();
  #running = null;

  /** @param {string} id @returns {Card | undefined} if it is here already, and not old */
  get(id) {
    const kept = this.#known.get(id);
    return kept && performance.now() - kept.at < LIFE ? kept.card : undefined;
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
    const missing = ids.filter((id) => !this.get(id));
    if (missing.length) {
      const mine = new AbortController();
      this.#running = mine;
      try {
        const address = `/threats/cards?ids=${missing.join("+")}`;
        const answer = await fetch(address, { signal: mine.signal, headers: { "X-Requested-With": "fetch" } });
        if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
        for (const card of (await answer.json()).cards) this.#keep(card);
      } catch (error) {
        if (mine.signal.aborted) return null;
        throw error;
      }
    }
    return ids.map((id) => this.get(id)).filter(Boolean);
  }

  #keep(card) {
    // Set anew it becomes the youngest, so that the first is the oldest.
    this.#known.delete(card.id);
    this.#known.set(card.id, { card, at: performance.now() });
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value);
  }

  stop() {
    this.#running?.abort();
  }
}
