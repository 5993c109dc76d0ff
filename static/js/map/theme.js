/** Colours of the map, taken from CSS custom properties so that the style sheet alone decides them. */

const NAMES = [
  "sea", "land", "coast", "border", "label-country", "label-city", "halo",
  "surface", "text", "outline", "selected", "uncertainty", "area",
  "heat-1", "heat-2", "heat-3", "heat-4",
  "severity-0", "severity-1", "severity-2", "severity-3", "severity-4",
];

/**
 * Read the colours that hold now.
 *
 * @param {Element} element inside the page, usually the map's container
 * @returns {Record<string, string>} by the property's name without `--map-`
 */
export function readColours(element) {
  const style = getComputedStyle(element);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--map-${name}`).trim()]));
}

/**
 * Call back when the page turns light or dark, by the system's preference or by `data-theme` on the root element.
 *
 * @param {() => void} changed @returns {() => void} stops watching
 */
export function watchTheme(changed) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  dark.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", changed);
  };
}
