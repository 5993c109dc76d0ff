/** The filters of the address as a step of the selection keeps them: a period up to now begins at a time. */

const HOURS = { h: 1, d: 24 };
/** A time without a zone is UTC, as the fields say. */
const NO_ZONE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/;
/** What belongs to the desk, not to the threats. */
const NOT_OURS = ["within", "new", "sort", "page", "cursor"];

function startOf(period) {
  const [, count, unit] = /^(\d+)([hd])$/.exec(period) ?? [];
  return count ? new Date(Date.now() - count * HOURS[unit] * 3_600_000) : null;
}

/** @param {string} text query string @returns {Record<string, string | string[]>} */
export function frozen(text) {
  const query = new URLSearchParams(text);
  const filters = {};
  for (const name of new Set(query.keys())) {
    if (NOT_OURS.includes(name)) continue;
    const values = query.getAll(name).filter(Boolean).map((value) => (NO_ZONE.test(value) ? `${value}Z` : value));
    if (values.length) filters[name] = values.length > 1 ? values : values[0];
  }
  const start = startOf(query.get("within") ?? "");
  if (start && !(Date.parse(filters.observed_from) > start)) filters.observed_from = start.toISOString();
  const visit = query.get("new") === "true" && document.querySelector("#desk").dataset.lastVisit;
  if (visit && !(Date.parse(filters.arrived_from) > Date.parse(visit))) filters.arrived_from = visit;
  return filters;
}
