/** What the map says about a threat, a cluster and a view, in plain words. */
import { SEVERITIES } from "./severity.js";
import { precisionOf } from "./wire.js";
import { distance, moment } from "../page/shown.js";

const number = new Intl.NumberFormat(document.documentElement.lang || "en");
const capitalised = (word) => word[0].toUpperCase() + word.slice(1);

const isBroadPrecision = (precision) => precision === "country" || precision === "region";

/** @param {string} precision @param {number|null} km @param {string} [place] @returns {string} nothing when it is exact */
export function describePrecision(precision, km, place) {
  if (precision === "exact") return "";
  if (isBroadPrecision(precision)) return `Somewhere in ${place || `the ${precision}`}, not at this point`;
  if (km > 0) return `Place known to within ${distance(km)}`;
  if (!precision) return "How well the place is known is not stated";
  return `Place known to the ${precision === "near" ? "neighbourhood" : precision} only`;
}

/** @param {import("./cards.js").Card} card @returns {string[]} */
export function describeCard(card) {
  return [
    card.title || "Untitled threat",
    [capitalised(card.severity), card.threat_type, capitalised(card.status)].filter(Boolean).join(" · "),
    [card.observed_at && moment(card.observed_at), card.source].filter(Boolean).join(" · "),
    isBroadPrecision(card.precision) ? "" : card.place,
    describePrecision(card.precision, card.uncertainty_km, card.place),
  ];
}

/** What is known of a point before its card is here. @param {import("./wire.js").View} view @param {number} row @returns {string[]} */
export function describePoint(view, row) {
  return [
    `${capitalised(SEVERITIES[view.severity[row]])} threat`,
    describePrecision(precisionOf(view, row), view.uncertainty_km[row]),
  ];
}

const counted = (count, words) => `${number.format(count)} ${words}`;

const CLICKS = {
  zoom: "Click to zoom in",
  list: "At the same place. Click to list them",
  add: "Click to select them",
  take: "Click to take them out of the selection",
};

/** @param {import("./clusters.js").Group} group @param {keyof typeof CLICKS} click what a click does @returns {string[]} */
export function describeCluster(group, click) {
  const parts = [];
  for (let rank = 4; rank >= 0; rank -= 1) {
    if (group.bySeverity[rank]) parts.push(counted(group.bySeverity[rank], SEVERITIES[rank]));
  }
  const { count, broad, selected } = group;
  return [
    counted(count, count === 1 ? "threat" : "threats"),
    parts.join(" · "),
    broad ? `${broad === count ? "All" : number.format(broad)} somewhere in a country or region, not at this point` : "",
    selected ? `${number.format(selected)} selected` : "",
    CLICKS[click],
  ];
}

/** How much of what matches is on the map. @param {import("./wire.js").View["header"]} header @returns {string} */
export function describeView({ whole, in_view, total, unplaced }) {
  if (whole) return `${number.format(in_view)} of ${number.format(total)} on the map`;
  const without = unplaced ? `; ${counted(unplaced, unplaced === 1 ? "has no place" : "have no place")}` : "";
  return `${number.format(in_view)} in view of ${counted(total, total === 1 ? "that matches" : "that match")}${without}`;
}
