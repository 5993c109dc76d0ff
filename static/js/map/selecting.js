/** Selecting on the map: a mode with one tool at a time, Shift+drag outside it, and everything in view. */
import { iconButton } from "./controls.js";
import { boxArea } from "./select/areas.js";
import { createBanner } from "./select/banner.js";
import { BoxTool } from "./select/box.js";
import { Crosshair } from "./select/crosshair.js";
import { LassoTool } from "./select/lasso.js";
import { PolygonTool } from "./select/polygon.js";
import { Sketch } from "./select/sketch.js";
import { isOnMap, Strokes } from "./select/strokes.js";

const SAID_FOR = 4000;
// Where there is no mouse there is hardly an Alt key; the banner's button does the same.
const hasMouse = matchMedia("(any-pointer: fine)").matches;
const WIDE = "This area is wider than the world. Draw a smaller one, or select everything in view.";

/**
 * @typedef {object} Kit what a tool works with
 * @property {L.Map} map @property {Sketch} sketch
 * @property {(found: {area: import("./select/areas.js").Area | null, name: string}) => void} selected an area was drawn
 * @property {(words: string) => void} say show words in the banner for a while
 * @property {(words: string) => void} said have a screen reader say what was done at the cross
 * @property {() => void} drawingChanged something was begun or given up
 */

export class Selecting {
  #map;
  #container;
  #tell;
  #tools;
  #buttons = new Map();
  #tool = null;
  #takes = false;
  #isAlt = false;
  #strokes;
  #told = "";
  #words = "";
  #wordsTimer = 0;
  #sketch;
  #cross;
  #banner;
  #listening = new AbortController();

  /**
   * @param {L.Map} map with its own `boxZoom` switched off
   * @param {(type: "select"|"select-mode"|"near", detail: object) => void} tell `select` {area, name, mode: "add"|"take"},
   *   `select-mode` {selecting, tool, mode}, `near` {lat, lng} when a place is to be chosen by its distance
   */
  constructor(map, tell) {
    this.#map = map;
    this.#container = map.getContainer();
    this.#tell = tell;
    this.#sketch = new Sketch(map);
    this.#cross = new Crosshair(map, this.#sketch);
    this.#banner = createBanner({
      done: () => this.leave(),
      toggleTake: () => this.#setTakes(!this.#takes),
      close: () => this.#tool.close(),
      back: () => this.#tool.back(),
    });
    this.#container.append(this.#banner.element);
    const kit = {
      map,
      sketch: this.#sketch,
      selected: (found) => this.#selected(found),
      say: (words) => this.#say(words),
      said: (words) => this.#cross.say(this.#cross.point ? `${words}, ${this.#cross.words()}` : words),
      drawingChanged: () => this.#show(),
    };
    this.#tools = { box: new BoxTool(kit), lasso: new LassoTool(kit), polygon: new PolygonTool(kit) };
    this.#listen();
  }

  /** @returns {"add"|"take"|null} what a click does, null outside the mode */
  get mode() {
    return this.#tool ? this.#modeOf() : null;
  }

  /** The buttons for a bar on the map. @param {boolean} offersNear whether places can be chosen by their distance */
  buttons(offersNear) {
    const tool = (name, label) => {
      const button = iconButton(name, label, () => (this.#tool?.name === name ? this.leave() : this.#enter(name)));
      button.setAttribute("aria-pressed", "false");
      this.#buttons.set(name, button);
      return button;
    };
    const made = [tool("box", "Select a box"), tool("lasso", "Select by lasso"), tool("polygon", "Select an area by its corners")];
    made.push(iconButton("view", "Select everything in view", (event) => this.#selectView(event.altKey)));
    if (offersNear) made.push(iconButton("near", "Select near a place", () => this.#tell("near", this.#middle())));
    return made;
  }

  leave() {
    this.#stopDrawing();
    if (!this.#tool) return;
    const button = this.#buttons.get(this.#tool.name);
    this.#tool = null;
    this.#takes = false;
    this.#cross.hide();
    this.#map.dragging.enable();
    this.#map.doubleClickZoom.enable();
    this.#show();
    // A button that had the focus goes away with the banner.
    if (document.activeElement === document.body || this.#banner.element.contains(document.activeElement)) button.focus();
  }

  remove() {
    this.#listening.abort();
    clearTimeout(this.#wordsTimer);
  }

  #enter(name) {
    this.#stopDrawing();
    this.#tool = this.#tools[name];
    this.#map.doubleClickZoom.disable();
    this.#map.dragging[this.#tool.drags ? "disable" : "enable"]();
    this.#show();
    // The tool's keys are those of the map.
    this.#container.focus({ preventScroll: true });
  }

  #selectView(isAlt) {
    const bounds = this.#map.getBounds();
    const mode = isAlt || this.#modeOf() === "take" ? "take" : "add";
    this.#tell("select", { area: boxArea(bounds.getSouthWest(), bounds.getNorthEast()), name: "everything in view", mode });
  }

  #selected({ area, name }) {
    if (area) this.#tell("select", { area, name, mode: this.#modeOf() });
    else this.#say(WIDE);
    this.#show();
  }

  #modeOf() {
    return this.#takes !== this.#isAlt ? "take" : "add";
  }

  #setTakes(takes) {
    this.#takes = takes;
    this.#show();
  }

  #setAlt(isHeld) {
    if (isHeld === this.#isAlt) return;
    this.#isAlt = isHeld;
    if (this.#tool || this.#strokes.isOn) this.#show();
  }

  #say(words) {
    this.#words = words;
    this.#show();
    clearTimeout(this.#wordsTimer);
    this.#wordsTimer = setTimeout(() => {
      this.#words = "";
      this.#show();
    }, SAID_FOR);
  }

  #show() {
    const tool = this.#tool;
    const mode = this.#modeOf();
    this.#container.classList.toggle("map-selecting", tool !== null);
    // While a line is drawn or corners are set, nothing is pointed at.
    this.#container.classList.toggle("map-drawing", this.#strokes.isDrawing || (tool !== null && !tool.drags));
    this.#container.classList.toggle("map-taking-away", (tool !== null || this.#strokes.isOn) && mode === "take");
    for (const [name, button] of this.#buttons) button.setAttribute("aria-pressed", String(tool?.name === name));
    const alt = mode === "add" && hasMouse ? " Hold Alt to take away." : "";
    this.#banner.show(
      tool && { words: this.#words || tool.words[mode] + alt, keys: tool.keys, takes: mode === "take", closes: !tool.drags && tool.isDrawing },
    );
    const told = JSON.stringify({ selecting: tool !== null, tool: tool?.name ?? null, mode });
    if (told === this.#told) return;
    this.#told = told;
    this.#tell("select-mode", JSON.parse(told));
  }

  #listen() {
    const { signal } = this.#listening;
    const toolFor = ({ shiftKey }) => (this.#tool ? (this.#tool.drags ? this.#tool : null) : shiftKey ? this.#tools.box : null);
    const noted = ({ altKey, type }) => {
      this.#setAlt(altKey);
      if (type === "pointerdown") this.#cross.hide();
    };
    this.#strokes = new Strokes(this.#map, { toolFor, noted, changed: () => this.#show() }, signal);
    this.#container.addEventListener("pointermove", (event) => this.#moved(event), { signal });
    this.#container.addEventListener("click", (event) => this.#click(event), { signal, capture: true });
    this.#container.addEventListener("dblclick", () => this.#tool?.close?.(), { signal });
    this.#container.addEventListener("keydown", (event) => this.#key(event), { signal, capture: true });
    document.addEventListener("keydown", (event) => this.#globalKey(event), { signal });
    document.addEventListener("keyup", (event) => this.#globalKey(event), { signal });
    globalThis.addEventListener("blur", () => this.#setAlt(false), { signal });
  }

  #globalKey(event) {
    if (event.key === "Alt") {
      // Some browsers move the focus to their menu at Alt.
      if (this.#tool || this.#strokes.isOn) event.preventDefault();
      this.#setAlt(event.type === "keydown");
    }
    if (event.type === "keydown" && event.key === "Escape" && !event.defaultPrevented && (this.#tool || this.#strokes.isOn)) {
      event.preventDefault();
      this.leave();
    }
  }

  /** Keys of the tool, while the map itself has the focus. */
  #key(event) {
    if (!this.#tool || event.target !== this.#container || event.ctrlKey || event.metaKey) return;
    if (!this.#keyed(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  #keyed(event) {
    const tool = this.#tool;
    if (this.#cross.key(event)) {
      tool.go(this.#cross.place);
    } else if (event.key === "Enter") {
      const place = this.#cross.point ? this.#cross.place : null;
      if (!place && tool.drags) this.#cross.key({ key: "ArrowRight" });
      else this.#entered(tool, place);
    } else if (event.key === "Backspace" && tool.back && tool.isDrawing) {
      tool.back();
    } else if (event.key === " " && this.#cross.point) {
      const { point, place } = this.#cross;
      this.#map.fire("click", { containerPoint: point, latlng: place, originalEvent: event });
    } else {
      return false;
    }
    return true;
  }

  #entered(tool, place) {
    const was = tool.isDrawing;
    tool.enter(place);
    if (tool.drags) this.#cross.say(was ? "Selected" : `Begun at ${this.#cross.words()}`);
  }

  #moved(event) {
    if (!this.#tool || this.#tool.drags || event.pointerType !== "mouse" || !isOnMap(event)) return;
    this.#cross.hide();
    this.#tool.go(this.#strokes.place(event));
  }

  #stopDrawing() {
    this.#strokes.stop();
    this.#tool?.cancel();
  }

  /** A click sets a corner, unless it ended a drag of the map or was on something that stands on it. */
  #click(event) {
    if (!this.#tool?.click || !isOnMap(event)) return;
    event.stopImmediatePropagation();
    if (!this.#strokes.isClick(event)) return;
    this.#setAlt(event.altKey);
    this.#cross.hide();
    this.#tool.click(this.#strokes.place(event));
    this.#container.focus({ preventScroll: true });
  }

  #middle() {
    const { lat, lng } = this.#map.getCenter().wrap();
    return { lat, lng };
  }
}
