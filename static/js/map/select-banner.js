/** The label on the map that says that it is in select mode, what a drag will do, and how to leave. */

// Where there is no mouse there is hardly an Alt key; the button does the same.
const hasMouse = matchMedia("(any-pointer: fine)").matches;
const WORDS = {
  add: hasMouse ? "Drag a box to select. Hold Alt to take away." : "Drag a box to select.",
  take: "Drag a box to take threats out of the selection.",
};

function textButton(text, pressed) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", pressed);
  return button;
}

/**
 * Make the banner.
 *
 * @param {{done: () => void, toggleTake: () => void}} pressed for its two buttons; touch screens have neither Alt nor Escape
 * @returns {{element: HTMLElement, show: (selecting: boolean, takes: boolean) => void}}
 */
export function createModeBanner(pressed) {
  const element = document.createElement("div");
  element.className = "map-mode";
  const words = document.createElement("p");
  words.setAttribute("role", "status");
  const take = textButton("Take away", pressed.toggleTake);
  const done = textButton("Done", pressed.done);
  done.setAttribute("aria-keyshortcuts", "Escape");
  const buttons = document.createElement("span");
  buttons.append(take, done);
  buttons.hidden = true;
  element.append(words, buttons);
  // Clicks on the banner are not clicks on the map.
  for (const type of ["click", "dblclick", "mousedown", "touchstart", "wheel"]) {
    element.addEventListener(type, (event) => event.stopPropagation(), { passive: true });
  }
  return {
    element,
    show(selecting, takes) {
      element.classList.toggle("is-on", selecting);
      buttons.hidden = !selecting;
      const text = selecting ? WORDS[takes ? "take" : "add"] : "";
      if (words.textContent !== text) words.textContent = text;
      take.setAttribute("aria-pressed", String(takes));
    },
  };
}
