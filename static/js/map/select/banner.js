/** The label on the map that says that it is in select mode, what the tool does, and how to leave. */

function textButton(text, pressed) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", pressed);
  return button;
}

/**
 * Make the banner. Touch screens have neither Alt nor Escape nor Enter: its buttons do the same.
 *
 * @param {{done: () => void, toggleTake: () => void, close: () => void, back: () => void}} pressed
 * @returns {{element: HTMLElement, show: (state: {words: string, keys: string, takes: boolean, closes: boolean} | null) => void}}
 *   null hides it; `closes` offers to close an area or to remove its last corner
 */
export function createBanner(pressed) {
  const element = document.createElement("div");
  element.className = "map-mode";
  const words = document.createElement("p");
  words.setAttribute("role", "status");
  const keys = document.createElement("p");
  keys.className = "map-mode-keys";
  const close = textButton("Close area", pressed.close);
  const back = textButton("Remove corner", pressed.back);
  const take = textButton("Take away", pressed.toggleTake);
  const done = textButton("Done", pressed.done);
  done.setAttribute("aria-keyshortcuts", "Escape");
  const buttons = document.createElement("span");
  buttons.append(close, back, take, done);
  buttons.hidden = true;
  element.append(words, buttons, keys);
  // Clicks on the banner are not clicks on the map.
  for (const type of ["click", "dblclick", "mousedown", "pointerdown", "touchstart", "wheel"]) {
    element.addEventListener(type, (event) => event.stopPropagation(), { passive: true });
  }
  return {
    element,
    show(state) {
      element.classList.toggle("is-on", state !== null);
      buttons.hidden = state === null;
      if (words.textContent !== (state?.words ?? "")) words.textContent = state?.words ?? "";
      keys.textContent = state?.keys ?? "";
      close.hidden = back.hidden = !state?.closes;
      take.setAttribute("aria-pressed", String(state?.takes ?? false));
    },
  };
}
