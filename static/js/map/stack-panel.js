/** The panel that lists threats which lie at one place, where no zoom would part them. */
import { AT_ONCE } from "./cards.js";
import { SEVERITIES, traceShape } from "./severity.js";
import { readColours } from "./theme.js";
import { describeCard } from "./threat-words.js";

const number = new Intl.NumberFormat(document.documentElement.lang || "en");

function made(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A severity's shape, in its colour; the words beside it say the same. */
function shape(severity, colours) {
  const canvas = made("canvas", { width: 32, height: 32 });
  canvas.setAttribute("aria-hidden", "true");
  const ctx = canvas.getContext("2d");
  ctx.scale(2, 2);
  const rank = SEVERITIES.indexOf(severity);
  traceShape(ctx, rank, 8, 8, 5.5);
  ctx.fillStyle = ctx.strokeStyle = colours[`severity-${rank}`];
  ctx.lineWidth = 2;
  if (rank === 0) ctx.stroke();
  else ctx.fill();
  return canvas;
}

export class StackPanel {
  #container;
  #cards;
  #tell;
  #selects;
  #element;
  #shown = null;

  /**
   * @param {HTMLElement} container of the map @param {import("./cards.js").Cards} cards
   * @param {boolean} selects whether its rows can be selected
   * @param {(type: "point-click"|"cluster-click", detail: object) => void} tell
   */
  constructor(container, cards, selects, tell) {
    this.#container = container;
    this.#cards = cards;
    this.#selects = selects;
    this.#tell = tell;
    this.#element = made("section", { className: "map-stack", hidden: true, tabIndex: -1 });
    this.#element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      // The map's own keys – arrows, plus and minus – are not meant here.
      event.stopPropagation();
    });
    for (const type of ["click", "dblclick", "mousedown", "pointerdown", "touchstart", "wheel", "mousemove"]) {
      this.#element.addEventListener(type, (event) => event.stopPropagation(), { passive: true });
    }
    container.append(this.#element);
  }

  get isOpen() {
    return !this.#element.hidden;
  }

  /** Open it with these threats. @param {object} stack detail of the click, as pointing.js tells it */
  async open(stack) {
    this.#shown = stack;
    const { ids, count } = stack;
    const close = made("button", { type: "button", className: "map-stack-close", textContent: "Close" });
    close.addEventListener("click", () => this.close());
    const heading = made("h2", { id: "map-stack-title", textContent: `${number.format(count)} threats at one place` });
    const body = made("div", { className: "map-stack-body" }, made("p", { textContent: "Loading…" }));
    this.#element.setAttribute("aria-labelledby", heading.id);
    this.#element.replaceChildren(made("header", {}, heading, close), body);
    this.#element.hidden = false;
    this.#element.focus();
    try {
      const cards = await this.#cards.fetch(ids.slice(0, AT_ONCE));
      if (cards && this.#shown === stack) body.replaceChildren(...this.#rows(cards, stack));
    } catch {
      const words = "These threats could not be loaded. Close this and click them again.";
      if (this.#shown === stack) body.replaceChildren(made("p", { textContent: words }));
    }
  }

  close() {
    if (!this.isOpen) return;
    this.#shown = null;
    this.#element.hidden = true;
    this.#container.focus({ preventScroll: true });
  }

  /** Let the checkboxes say what is selected. @param {(id: string) => boolean} isSelected */
  follow(isSelected) {
    for (const box of this.#element.querySelectorAll("input")) box.checked = isSelected(box.value);
  }

  remove() {
    this.#element.remove();
  }

  #rows(cards, stack) {
    const colours = readColours(this.#container);
    const list = made("ul", {}, ...cards.map((card) => this.#row(card, stack, colours)));
    const { count } = stack;
    if (count <= cards.length) return [list];
    const words = `The first ${number.format(cards.length)} of ${number.format(count)}.`;
    if (!this.#selects) return [made("p", { textContent: words }), list];
    const all = made("button", { type: "button", textContent: `List all ${number.format(count)}` });
    all.addEventListener("click", (originalEvent) => {
      this.close();
      this.#tell("cluster-click", { ...stack, originalEvent });
    });
    return [made("p", { textContent: words }), list, all];
  }

  #row(card, stack, colours) {
    const [title, ...lines] = describeCard(card).filter(Boolean);
    const link = made("a", { href: `/threats/${card.id}`, textContent: title });
    const words = made("span", {}, link, ...lines.map((line) => made("span", { textContent: line })));
    const row = made("li", {}, shape(card.severity, colours), words);
    if (this.#selects) {
      const box = made("input", { type: "checkbox", value: card.id, checked: stack.isSelected(card.id) });
      box.setAttribute("aria-label", `Select ${title}`);
      box.addEventListener("click", (originalEvent) => this.#tell("point-click", { id: card.id, originalEvent }));
      row.prepend(box);
    }
    return row;
  }
}
