/** Threats that came in inside the areas of open incidents: a button that says so, and the panel that it opens. */
import { latestOnly, Refused } from "./fetching.js";

export class Proposals {
  #button;
  #panel;
  #fetch = latestOnly("text");

  /** @param {HTMLButtonElement} button that opens the panel @param {HTMLElement} panel */
  constructor(button, panel) {
    this.#button = button;
    this.#panel = panel;
    button.popoverTargetElement = panel;
    // The forms come back to what the desk shows when they are sent.
    panel.addEventListener("submit", ({ target }) => {
      if (target.elements.back) target.elements.back.value = `${location.pathname}${location.search}`;
    });
  }

  /** Ask what is proposed now. What someone is looking at stays. */
  async load() {
    if (this.#panel.matches(":popover-open")) return;
    try {
      const html = await this.#fetch("/incidents/newcomers");
      if (html === null) return;
      this.#panel.innerHTML = html;
    } catch (error) {
      // What is wrong is said by what asks for the list; proposals can wait.
      if (!(error instanceof Refused)) throw error;
      return;
    }
    const titles = [...this.#panel.querySelectorAll("summary")].map((summary) => summary.textContent.trim());
    this.#button.hidden = titles.length === 0;
    this.#button.textContent = titles.length === 1 ? titles[0] : `New inside ${titles.length} incidents`;
  }
}
