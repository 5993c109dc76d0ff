/** Times and distances as the list prints them: in the time zone and the units of the person, which the root element tells. */

const { timeZone = "UTC", units = "km" } = document.documentElement.dataset;
const KM_IN_MILE = 1.609344;

const number = new Intl.NumberFormat(document.documentElement.lang || "en");
const miles = new Intl.NumberFormat(document.documentElement.lang || "en", { maximumSignificantDigits: 3 });
const local = new Intl.DateTimeFormat("en-GB", {
  timeZone,
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZoneName: "shortOffset",
});

function parts(time) {
  const found = Object.fromEntries(local.formatToParts(new Date(time)).map(({ type, value }) => [type, value]));
  return { ...found, zone: found.timeZoneName.replace("GMT", "UTC").replace(/\+0$/, "") };
}

/** @param {string|number|Date} time @returns {string} such as `2026-04-18 11:00 UTC+2` */
export function moment(time) {
  const { year, month, day, hour, minute, zone } = parts(time);
  return `${year}-${month}-${day} ${hour}:${minute} ${zone}`;
}

/** @param {string|number|Date} time @returns {string} such as `11:00 UTC+2` */
export function clock(time) {
  const { hour, minute, zone } = parts(time);
  return `${hour}:${minute} ${zone}`;
}

/** @param {number} km @returns {string} such as `5 km` or `3.11 miles` */
export const distance = (km) => (units === "miles" ? `${miles.format(km / KM_IN_MILE)} miles` : `${number.format(km)} km`);
