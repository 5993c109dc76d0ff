/** The rows of the list as one stop of the Tab key: arrows, Home, End and pages go from row to row, Enter opens, Shift selects. */

const BOX = 'input[name="threat_ids"]';
const PART = `${BOX}, a, button`;
const PAGE = 10;

export class Rows {
  #element;
  #reached;
  #id = "";

  /**
   * @param {HTMLElement} element whose content may be replaced
   * @param {(passed: HTMLInputElement[], reached: HTMLInputElement) => void} reached is told of each row that the keys came to,
   *   with the boxes of the rows on the way, both ends included, if Shift was held
   */
  constructor(element, reached) {
    this.#element = element;
    this.#reached = reached;
    element.addEventListener("keydown", (event) => this.#keyed(event));
    element.addEventListener("focusin", ({ target }) => {
      const box = target.closest("tbody tr")?.querySelector(BOX);
      if (box) this.#stopAt(box);
    });
    this.#stopAt();
  }

  /**
   * Replace the content of the element; the row with the focus keeps it if it is still there.
   *
   * @param {() => void} change @param {boolean} stays whether the row that is looked at stays where it is on the screen
   */
  replace(change, stays) {
    const focused = this.#element.contains(document.activeElement) ? document.activeElement.closest("tbody tr") : null;
    const looked = stays ? (focused ?? this.#element.querySelector("tbody tr:hover") ?? this.#topRow()) : null;
    const [id, top] = [looked?.querySelector(BOX).value, looked?.getBoundingClientRect().top];
    change();
    this.#stopAt();
    if (focused) (this.#boxOf(this.#id) ?? this.#element.querySelector("#list-head")).focus({ preventScroll: true });
    const again = id && this.#boxOf(id)?.closest("tr");
    const scroller = getComputedStyle(this.#element).overflowY === "visible" ? document.scrollingElement : this.#element;
    if (again) scroller.scrollTop += again.getBoundingClientRect().top - top;
    else if (!stays) this.#element.scrollTop = 0;
  }

  /** The first row that is wholly below the list's head. */
  #topRow() {
    const edge = this.#element.querySelector("#list-head")?.getBoundingClientRect().bottom ?? 0;
    return [...this.#element.querySelectorAll("tbody tr")].find((row) => row.getBoundingClientRect().top >= edge - 1) ?? null;
  }

  #boxOf(id) {
    return this.#boxes().find((box) => box.value === id);
  }

  #boxes() {
    return [...this.#element.querySelectorAll(BOX)];
  }

  /** Make a row the one stop, else the one that was it, else the first. */
  #stopAt(box = this.#boxOf(this.#id) ?? this.#boxes()[0]) {
    for (const part of this.#element.querySelectorAll("tbody :is(input, a, button)")) part.tabIndex = -1;
    if (!box) return;
    box.tabIndex = 0;
    this.#id = box.value;
  }

  #keyed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const boxes = this.#boxes();
    const row = event.target.closest("tbody tr");
    const at = row ? boxes.indexOf(row.querySelector(BOX)) : -1;
    if (boxes.length === 0 || (at < 0 && event.target.id !== "list-head")) return;
    const last = boxes.length - 1;
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last, PageDown: Math.min(at + PAGE, last), PageUp: Math.max(at - PAGE, 0) };
    if (event.key in moves) this.#go(event, boxes, at, moves[event.key]);
    else if (event.key === "Enter" && event.target === boxes[at]) {
      event.preventDefault();
      row.querySelector("a").click();
    } else if (row && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      const parts = [...row.querySelectorAll(PART)];
      event.preventDefault();
      parts[parts.indexOf(event.target) + (event.key === "ArrowRight" ? 1 : -1)]?.focus();
    }
  }

  #go(event, boxes, at, to) {
    event.preventDefault();
    const next = boxes[to];
    if (!next) return;
    next.focus();
    next.closest("tr").scrollIntoView({ block: "nearest" });
    const passed = event.shiftKey && at >= 0 ? boxes.slice(Math.min(at, to), Math.max(at, to) + 1) : [];
    this.#reached(passed, next);
  }
}
