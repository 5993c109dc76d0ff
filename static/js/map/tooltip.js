/** The small box beside the pointer. What it says is also in the list, so it is hidden from assistive technology. */

/** One tooltip inside a map's container. */
export class Tooltip {
  /** @param {HTMLElement} container of the map */
  constructor(container) {
    this.container = container;
    this.element = document.createElement("div");
    this.element.className = "map-tooltip";
    this.element.hidden = true;
    this.element.setAttribute("aria-hidden", "true");
    container.append(this.element);
  }

  /**
   * Show lines of text beside a point, on the side where there is room.
   *
   * @param {{x: number, y: number}} point pixels in the container @param {number} gap pixels to keep clear round it
   * @param {string[]} lines the first is the heading
   */
  show(point, gap, lines) {
    this.element.replaceChildren(
      ...lines.filter(Boolean).map((line, i) => {
        const row = document.createElement(i ? "span" : "strong");
        row.textContent = line;
        return row;
      }),
    );
    this.element.hidden = false;
    const { clientWidth, clientHeight } = this.container;
    const { offsetWidth, offsetHeight } = this.element;
    const x = Math.max(4, Math.min(point.x - offsetWidth / 2, clientWidth - offsetWidth - 4));
    const above = point.y - gap - offsetHeight;
    const y = above >= 4 ? above : Math.min(point.y + gap, clientHeight - offsetHeight - 4);
    this.element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  hide() {
    this.element.hidden = true;
  }

  get isShown() {
    return !this.element.hidden;
  }

  remove() {
    this.element.remove();
  }
}
