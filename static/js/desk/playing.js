/** Playing through time: step by step with a pause, or by hand. */
import { made } from "./made.js";

const SPEEDS = [["2000", "Slow"], ["1000", "Normal"], ["400", "Fast"]];

export class Playing {
  #step;
  #isOn = false;
  #timer = 0;
  #button = made("button", { type: "button", className: "button quiet play-only", textContent: "Play", "aria-pressed": "false" });
  #speed = made("select", { className: "play-only", "aria-label": "Speed", autocomplete: "off" });

  /** @param {(by: number) => Promise<boolean>} step goes on or back; resolves to false at the end */
  constructor(step) {
    this.#step = step;
    for (const [value, textContent] of SPEEDS) this.#speed.append(made("option", { value, textContent, selected: value === "1000" }));
    this.#button.addEventListener("click", () => (this.#isOn ? this.pause() : this.#play()));
    this.element = made("div", { className: "playing" }, this.#by(-1, "Step back", "◂"), this.#by(1, "Step on", "▸"), this.#button, this.#speed);
  }

  pause() {
    clearTimeout(this.#timer);
    this.#isOn = false;
    this.#show();
  }

  #by(by, label, textContent) {
    const button = made("button", { type: "button", className: "button quiet", textContent, title: label, "aria-label": label });
    button.addEventListener("click", () => {
      this.pause();
      this.#step(by);
    });
    return button;
  }

  #play() {
    this.#isOn = true;
    this.#show();
    this.#next();
  }

  /** The next step waits until this one is shown, however long that takes. */
  async #next() {
    const goesOn = await this.#step(1);
    if (!this.#isOn) return;
    if (goesOn) this.#timer = setTimeout(() => this.#next(), Number(this.#speed.value));
    else this.pause();
  }

  #show() {
    this.#button.textContent = this.#isOn ? "Pause" : "Play";
    this.#button.setAttribute("aria-pressed", String(this.#isOn));
  }
}
