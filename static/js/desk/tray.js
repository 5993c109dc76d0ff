/** The tray: how many are selected, by severity; clear, undo; and keeping the form in step with the selection. */

const number = new Intl.NumberFormat("en");

export class Tray {
  #form;
  #selection;
  #list;
  #announced = 0;

  /** @param {HTMLFormElement} form @param {import("./selection.js").Selection} selection @param {import("./list.js").List} list */
  constructor(form, selection, list) {
    this.#form = form;
    this.#selection = selection;
    this.#list = list;
    this.#find("#undo").hidden = false;
    this.#find("#undo").addEventListener("click", () => selection.undo());
    selection.addEventListener("change", () => this.#changed());
    this.show();
  }

  /** Write what is selected into the tray and into the form's hidden field. */
  show() {
    const { size } = this.#selection;
    for (const count of this.#form.querySelectorAll(".selected-count")) count.textContent = number.format(size);
    const counts = this.#selection.byRank();
    for (const item of this.#form.querySelectorAll(".by-severity li")) {
      const count = counts[Number(item.dataset.rank)];
      item.hidden = count === 0;
      item.querySelector(".n").textContent = number.format(count);
    }
    this.#find("#undo").disabled = !this.#selection.canUndo;
    this.#find("#clear").disabled = size === 0;
    const most = Number(this.#form.dataset.selectionMax);
    this.say(size > most ? `An incident takes at most ${number.format(most)} threats; this is ${number.format(size)}.` : "");
    this.fill();
  }

  /** The hidden field holds what is selected and has no checkbox on the page. */
  fill() {
    const here = this.#list.idsHere();
    this.#form.elements.selected.value = [...this.#selection.ids()].filter((id) => !here.has(id)).join(" ");
  }

  /** Say something about the selection, or nothing any more. */
  say(words) {
    const message = this.#find("#selection-message");
    message.textContent = words;
    message.hidden = !words;
  }

  #changed() {
    this.show();
    clearTimeout(this.#announced);
    this.#announced = setTimeout(() => {
      const words = `${number.format(this.#selection.size)} of ${number.format(this.#list.total)} selected`;
      document.querySelector("#announcer").textContent = words;
    }, 400);
  }

  #find(selector) {
    return this.#form.querySelector(selector);
  }
}
