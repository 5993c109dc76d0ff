/** A field that finds something as one types: the combobox with a list of the ARIA practices, made of a select. */
import { latestOnly, Refused } from "../desk/fetching.js";

const PAUSE_MS = 150;
let made = 0;

function element(tag, properties, attributes = {}) {
  const result = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) result.setAttribute(name, value);
  return result;
}

/**
 * @typedef {{label: string, none: string, find: (text: string) => Promise<{id: string, title: string, note: string}[] | null>}} Source
 *   What can be chosen; `none` says that nothing was found, `find` resolves to null when a later question took its place.
 */

/**
 * The open incidents. `near` gives "lat,lng" or "", or a promise of it, at each question; `skip` is an id that is not offered.
 *
 * @param {() => string | Promise<string>} near @param {string} skip @returns {Source}
 */
export function openIncidents(near, skip) {
  const fetched = latestOnly("json");
  return {
    label: "Open incidents",
    none: "No open incident has this in its title.",
    async find(text) {
      const found = await fetched(`/incidents/open?${new URLSearchParams({ q: text, near: await near() })}`);
      return found && found.filter(({ id }) => id !== skip);
    },
  };
}

/** Choosing one of what a source finds; `chosen` is called with it, or with null while nothing is chosen. */
export class Combobox {
  #options = [];
  #active = -1;
  #timer = 0;

  /**
   * @param {HTMLInputElement} input the text field @param {Source} source
   * @param {(one: {id: string, title: string} | null) => void} chosen
   */
  constructor(input, source, chosen) {
    made += 1;
    Object.assign(this, { input, source, chosen });
    this.list = element("ul", { className: "options", id: `options-${made}`, hidden: true }, { role: "listbox", "aria-label": source.label });
    this.said = element("p", { className: "hidden" }, { role: "status" });
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id, autocomplete: "off",
    })) input.setAttribute(name, value);
    const wrap = element("div", { className: "combobox" });
    input.before(wrap);
    wrap.append(input, this.list, this.said);
    input.addEventListener("input", () => {
      chosen(null);
      this.#ask(PAUSE_MS);
    });
    input.addEventListener("focus", () => this.#ask(0));
    input.addEventListener("click", () => this.list.hidden && this.#ask(0));
    input.addEventListener("keydown", (event) => this.#keyed(event));
    input.addEventListener("blur", () => this.#close());
    // The press would take the focus from the field, and close the list before the click.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const item = event.target.closest("[role=option]");
      if (item) this.#choose([...this.list.children].indexOf(item));
    });
  }

  #ask(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#show(), pause);
  }

  async #show() {
    try {
      const found = await this.source.find(this.input.value);
      if (!found || document.activeElement !== this.input) return;
      this.#options = found;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.said.textContent = error.message;
      return;
    }
    this.list.replaceChildren(
      ...this.#options.map(({ title, note }, i) => {
        const item = element("li", { id: `${this.list.id}-${i}` }, { role: "option", "aria-selected": "false" });
        item.append(element("span", { textContent: title }), " ", element("span", { className: "count", textContent: note }));
        return item;
      }),
    );
    this.#active = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.#open(this.#options.length > 0);
    this.list.scrollIntoView({ block: "nearest" });
    const count = this.#options.length;
    this.said.textContent = count ? `${count} found` : this.source.none;
  }

  #open(isOpen) {
    this.list.hidden = !isOpen;
    this.input.setAttribute("aria-expanded", String(isOpen));
  }

  #close() {
    clearTimeout(this.#timer);
    this.#open(false);
    this.#active = -1;
    this.input.removeAttribute("aria-activedescendant");
  }

  #keyed(event) {
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      event.stopPropagation();
      if (this.list.hidden) this.#ask(0);
      else this.#go(key === "ArrowDown" ? 1 : -1);
    } else if (key === "Enter" && !this.list.hidden && this.#active >= 0) {
      event.preventDefault();
      event.stopPropagation();
      this.#choose(this.#active);
    } else if (key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    }
  }

  #go(by) {
    const items = [...this.list.children];
    this.#active = (this.#active + by + items.length + (this.#active < 0 && by < 0 ? 1 : 0)) % items.length;
    items.forEach((item, i) => item.setAttribute("aria-selected", String(i === this.#active)));
    items[this.#active].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", items[this.#active].id);
  }

  #choose(i) {
    const one = this.#options[i];
    this.input.value = one.title;
    this.#close();
    this.chosen(one);
  }
}

/**
 * Make a combobox of the select in a `[data-combobox]`; the select stays as the hidden field that is sent.
 *
 * @param {HTMLElement} field @param {() => string | Promise<string>} near
 */
export function replaceSelect(field, near = () => field.dataset.near) {
  const select = field.querySelector("select");
  const value = element("input", { type: "hidden", name: select.name, value: select.value });
  const input = element("input", { type: "text", id: select.id, className: "combobox-field" }, { placeholder: "Type a part of its title" });
  for (const name of ["aria-invalid", "aria-describedby"]) {
    if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
  }
  const byId = field.querySelector("[data-by-id]");
  const typed = byId.querySelector("input");
  if (select.value) input.value = select.selectedOptions[0].textContent;
  else if (typed.value) [value.value, input.value] = [typed.value, typed.value];
  byId.remove();
  select.replaceWith(value, input);
  const box = new Combobox(input, openIncidents(near, field.dataset.skip), (one) => (value.value = one?.id ?? ""));
  return Object.assign(box, {
    take({ id, title }) {
      value.value = id;
      input.value = title;
    },
  });
}
