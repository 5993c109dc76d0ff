/** Which threats are selected, with the ranks of their severities, and the steps that led there. */

const STEPS_KEPT = 30;

/** Fires `change` after every step. */
export class Selection extends EventTarget {
  #ranks;
  #past = [];

  /** @param {Iterable<[string, number]>} entries ids with severity ranks, 0 to 4 */
  constructor(entries = []) {
    super();
    this.#ranks = new Map(entries);
  }

  get size() {
    return this.#ranks.size;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  has(id) {
    return this.#ranks.has(id);
  }

  /** @returns {Set<string>} a new set */
  ids() {
    return new Set(this.#ranks.keys());
  }

  /** @returns {[string, number][]} */
  entries() {
    return [...this.#ranks];
  }

  /** @returns {number[]} how many there are of each rank */
  byRank() {
    const counts = [0, 0, 0, 0, 0];
    for (const rank of this.#ranks.values()) counts[rank] += 1;
    return counts;
  }

  /** @param {Iterable<[string, number]>} entries */
  add(entries) {
    this.#step((ranks) => {
      for (const [id, rank] of entries) ranks.set(id, rank);
    });
  }

  /** @param {Iterable<string>} ids */
  take(ids) {
    this.#step((ranks) => {
      for (const id of ids) ranks.delete(id);
    });
  }

  toggle(id, rank) {
    if (this.has(id)) this.take([id]);
    else this.add([[id, rank]]);
  }

  clear() {
    this.#step((ranks) => ranks.clear());
  }

  undo() {
    const before = this.#past.pop();
    if (!before) return;
    this.#ranks = before;
    this.dispatchEvent(new Event("change"));
  }

  #step(change) {
    const next = new Map(this.#ranks);
    change(next);
    // Adding and taking only ever grow or shrink it, so the same size means that nothing happened.
    if (next.size === this.#ranks.size) return;
    this.#past.push(this.#ranks);
    if (this.#past.length > STEPS_KEPT) this.#past.shift();
    this.#ranks = next;
    this.dispatchEvent(new Event("change"));
  }
}
