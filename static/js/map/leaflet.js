/**
 * Leaflet as a module.
 *
 * Its own module build is not minified and 2.5 times as large on the wire, so the classic script is imported for its effect
 * and the name it leaves on the window is taken from there.
 */
import "../../vendor/leaflet-1.9.4/leaflet.js";

export const L = globalThis.L;
