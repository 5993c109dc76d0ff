/** What the tooltip says about a threat or a cluster, in plain words. */
import { SEVERITIES } from "./severity.js";

const number = new Intl.NumberFormat(document.documentElement.lang || "en");
const capitalised = (word) => word[0].toUpperCase() + word.slice(1);

/** How well the place is known, or nothing when it is exact. */
function describePrecision(precision, km) {
  if (precision === "exact") return "";
  if (km > 0) return `Place known to within ${number.format(km)} km`;
  if (!precision) return "How well the place is known is not stated";
  return `Place known to the ${precision === "near" ? "neighbourhood" : precision} only`;
}

/** @param {object} data as given to `setThreats` @param {number} row @returns {string[]} */
export function describeThreat(data, row) {
  const severity = capitalised(SEVERITIES[data.severity[row]] ?? SEVERITIES[0]);
  return [
    data.title[row] || "Untitled threat",
    [severity, data.place?.[row]].filter(Boolean).join(" · "),
    describePrecision(data.precision[row], data.uncertainty_km[row]),
  ];
}

/** @param {{members: number[], bySeverity: number[]}} group @param {boolean} canPart @returns {string[]} */
export function describeCluster(group, canPart) {
  const parts = [];
  for (let rank = 4; rank >= 0; rank -= 1) {
    if (group.bySeverity[rank]) parts.push(`${number.format(group.bySeverity[rank])} ${SEVERITIES[rank]}`);
  }
  return [
    `${number.format(group.members.length)} threats`,
    parts.join(" · "),
    canPart ? "Click to zoom in" : "At the same place. Click to list them",
  ];
}
