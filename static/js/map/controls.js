/** Small pieces that the map's buttons are made of. */
import { L } from "./leaflet.js";

const SVG = "http://www.w3.org/2000/svg";

/** Outlines on a 20 by 20 grid, stroked. */
const ICONS = {
  box: "M3 6V3h3M9 3h2M14 3h3v3M17 9v2M17 14v3h-3M11 17H9M6 17H3v-3M3 11V9M10 7v6M7 10h6",
  lasso: "M10 3c4.2 0 7 1.9 7 4.8s-2.8 5-7 5-7-2.100-7-5S5.800 3 10 3M6.500 12.300c-1.600.4-2.200 1.900-1 2.900 1 .8 2.400.2 2.100-1M5.800 15.400c.2 1 0 1.800-.8 2.400",
  polygon: "M4 14L6 5l8-1 3 7-6 6z",
  near: "M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14M10 10h.01M10 10h7",
  view: "M3 3h14v14H3zM6.5 10.2l2.5 2.5 4.8-5.2",
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4M10 10h.01",
  heat: "M10 2.5c.6 3.2 4.5 4.9 4.5 9a4.5 4.5 0 0 1-9 0c0-1.7.8-2.9 1.8-3.9.2 1.3.8 2 1.5 2.3C8.5 7.2 8.8 4.7 10 2.5",
  key: "M4 5h.01M8 5h8M4 10h.01M8 10h8M4 15h.01M8 15h8",
};

function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * Make a button with an icon. It is of type "button", so it never submits a form that the map stands in.
 *
 * @param {keyof typeof ICONS} name @param {string} label spoken and shown on hover @param {(event: MouseEvent) => void} pressed
 */
export function iconButton(name, label, pressed) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "map-button";
  button.setAttribute("aria-label", label);
  button.title = label;
  button.append(icon(name));
  button.addEventListener("click", pressed);
  return button;
}

/**
 * Put elements into a corner of the map, safe from the map's own gestures.
 *
 * @param {L.Map} map @param {"topleft"|"topright"|"bottomleft"|"bottomright"} position @param {string} className
 * @param {HTMLElement[]} elements
 */
export function addControl(map, position, className, elements) {
  const control = new L.Control({ position });
  control.onAdd = () => {
    const bar = document.createElement("div");
    bar.className = className;
    bar.append(...elements);
    L.DomEvent.disableClickPropagation(bar);
    L.DomEvent.disableScrollPropagation(bar);
    return bar;
  };
  return control.addTo(map);
}
