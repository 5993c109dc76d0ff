/** The list part of the desk: its checkboxes, ranges by Shift, and fetching another page of it. */
import { latestOnly } from "./fetching.js";
import { Rows } from "./rows.js";

const BOX = 'input[name="threat_ids"]';

/** Fires nothing itself: it writes into the selection and follows it. */
export class List {
  #element;
  #selection;
  #anchor = null;
  #rows;
  #fetch = latestOnly("text");

  /** @param {HTMLElement} element @param {import("./selection.js").Selection} selection */
  constructor(element, selection) {
    this.#element = element;
    this.#selection = selection;
    element.addEventListener("click", (event) => this.#clicked(event));
    this.#rows = new Rows(element, (boxes, reached) => {
      this.#anchor = reached;
      if (boxes.length) this.#set(boxes, true);
    });
    for (const type of ["change", "counted"]) selection.addEventListener(type, () => this.follow());
    this.follow();
  }

  /** How many threats match the filters, on all pages. */
  get total() {
    return Number(this.#head?.dataset.total ?? 0);
  }

  /** The query string that the list shows, as the server wrote it. */
  get view() {
    return this.#head?.dataset.view ?? "";
  }

  /** When the server read the list, in ms since 1970 by its clock. */
  get readAt() {
    return Date.parse(this.#head?.dataset.readAt ?? "");
  }

  focus() {
    this.#head?.focus();
  }

  /**
   * Fetch another view and put it in place.
   *
   * @param {string} query @param {boolean} stays whether the rows that are there stay where they are on the screen
   * @returns {Promise<boolean>} false if overtaken
   */
  async load(query, stays = false) {
    this.#element.classList.add("is-stale");
    const html = await this.#fetch(`/threats/list${query}`);
    if (html === null) return false;
    this.#rows.replace(() => (this.#element.innerHTML = html), stays);
    this.#element.classList.remove("is-stale");
    this.#anchor = null;
    this.follow();
    this.#selection.count();
    return true;
  }

  /** Make the checkboxes say what the selection says. */
  follow() {
    const boxes = this.#boxes();
    for (const box of boxes) box.checked = this.#selection.has(box.value);
    const all = this.#element.querySelector("#check-all");
    if (!all) return;
    const checked = boxes.filter((box) => box.checked).length;
    all.closest("label").hidden = boxes.length === 0;
    all.checked = boxes.length > 0 && checked === boxes.length;
    all.indeterminate = checked > 0 && checked < boxes.length;
  }

  get #head() {
    return this.#element.querySelector("#list-head");
  }

  #boxes() {
    return [...this.#element.querySelectorAll(BOX)];
  }

  #clicked(event) {
    const { target } = event;
    if (target.id === "check-all") this.#set(this.#boxes(), target.checked);
    else if (target.matches(BOX)) this.#picked(target, event.shiftKey);
    else if (!target.closest("a, button, label, input") && !getSelection()?.toString()) {
      const box = target.closest("tr")?.querySelector(BOX);
      if (box) this.#picked(Object.assign(box, { checked: !box.checked }), event.shiftKey);
    }
  }

  /** A box was ticked or not; with Shift, all from the last one to this one become the same. */
  #picked(box, isRange) {
    const boxes = this.#boxes();
    const from = boxes.indexOf(this.#anchor);
    const to = boxes.indexOf(box);
    const some = isRange && from >= 0 ? boxes.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    this.#anchor = box;
    this.#set(some, box.checked);
  }

  #set(boxes, isSelected) {
    this.#selection.apply(isSelected ? "add" : "take", { ids: boxes.map((box) => box.value) });
    this.follow();
  }
}
