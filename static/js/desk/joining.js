/** Joining what there is already: adding to an open incident, and the warning that there may be one. */
import { replaceSelect } from "../page/combobox.js";
import { middleOf } from "../page/middle.js";

const PAUSE_MS = 500;

function made(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export class Joining {
  #form;
  #selection;
  #box;
  #timer = 0;
  #running = null;

  /** @param {HTMLFormElement} form @param {import("./selection.js").Selection} selection */
  constructor(form, selection) {
    this.#form = form;
    this.#selection = selection;
    this.#box = replaceSelect(form.querySelector("#add [data-combobox]"), () => middleOf(form, { selection: selection.text() }));
    selection.addEventListener("change", () => this.#later());
    this.#later();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), PAUSE_MS);
  }

  async #look() {
    this.#running?.abort();
    if (this.#selection.isEmpty) {
      this.#say([]);
      return;
    }
    this.#running = new AbortController();
    const body = new URLSearchParams({ csrf_token: this.#form.elements.csrf_token.value, selection: this.#selection.text() });
    try {
      const { signal } = this.#running;
      const response = await fetch("/incidents/similar", { method: "POST", body, signal, headers: { "X-Requested-With": "fetch" } });
      if (response.status === 202) this.#later();
      else if (response.ok) this.#say(await response.json());
    } catch {
      // The warning is a help, not a need; the next change asks again.
    }
  }

  #say(found) {
    const region = this.#form.querySelector("#similar");
    region.hidden = found.length === 0;
    if (found.length === 0) {
      region.replaceChildren();
      return;
    }
    const items = found.map((one) => {
      const which = made("span", { className: "hidden", textContent: `: ${one.title}` });
      const add = made("button", { type: "button", className: "button quiet" }, "Add to it", which);
      add.addEventListener("click", () => this.#choose(one));
      const link = made("a", { href: `/incidents/${one.id}`, textContent: one.title });
      return made("li", {}, link, " ", made("span", { className: "count", textContent: one.note }), add);
    });
    region.replaceChildren(made("p", {}, made("strong", { textContent: "There may be one already" })), made("ul", {}, ...items));
  }

  #choose(one) {
    const panel = this.#form.querySelector("#add");
    panel.open = true;
    this.#box.take(one);
    panel.querySelector("#add-button").focus();
  }
}
