/** The tray: how many are selected, by severity and step by step; undo; and what stands against making an incident of it. */

const number = new Intl.NumberFormat("en");
const RANKS = ["negligible", "low", "medium", "high", "critical"];

function made(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function line({ adds, words, change }) {
  const sign = made("span", { className: "sign", textContent: adds ? "+" : "−" });
  sign.setAttribute("aria-hidden", "true");
  const spoken = made("span", { className: "hidden", textContent: adds ? "added " : "taken away " });
  const count = made("span", { className: "n", textContent: number.format(change) });
  return made("li", { className: adds ? "" : "takes" }, sign, spoken, `${words}: `, count);
}

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
    for (const type of ["change", "counted"]) selection.addEventListener(type, () => this.#changed());
    this.show();
  }

  /** Write what is selected. A number is shown only while it is that of the steps in the form. */
  show() {
    const { counted, progress, words } = this.#selection;
    for (const count of this.#form.parentElement.querySelectorAll(".selected-count")) {
      count.textContent = counted ? number.format(counted.total) : progress || "Counting…";
    }
    this.#find("#tray-title").classList.toggle("is-counting", !counted);
    if (counted) this.#showNumbers(counted);
    this.#find("#undo").disabled = !this.#selection.canUndo;
    this.#find("#clear").disabled = this.#selection.isEmpty;
    this.say(words || counted?.issue || "");
  }

  /** Say something about the selection, or nothing any more. */
  say(words) {
    const message = this.#find("#selection-message");
    if (message.textContent !== words) message.textContent = words;
    message.hidden = !words;
  }

  /** Why what is selected can't be made an incident of, "" if nothing is known against it. */
  objection() {
    const { counted, isEmpty } = this.#selection;
    if (isEmpty) return "Select at least one threat.";
    if (counted?.total === 0) return "Nothing is selected any more. Select at least one threat.";
    return counted?.issue ?? "";
  }

  #showNumbers({ by_severity, steps }) {
    for (const item of this.#form.querySelectorAll(".by-severity li")) {
      const count = by_severity[RANKS[item.dataset.rank]] ?? 0;
      item.hidden = count === 0;
      item.querySelector(".n").textContent = number.format(count);
    }
    const told = this.#find("#steps");
    told.hidden = steps.length === 0;
    told.replaceChildren(...steps.map(line));
    told.scrollTop = told.scrollHeight;
  }

  #changed() {
    this.show();
    clearTimeout(this.#announced);
    const { counted } = this.#selection;
    if (!counted) return;
    this.#announced = setTimeout(() => {
      const words = `${number.format(counted.total)} of ${number.format(this.#list.total)} selected`;
      document.querySelector("#announcer").textContent = words;
    }, 400);
  }

  #find(selector) {
    return this.#form.querySelector(selector);
  }
}
