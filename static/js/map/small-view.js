/** Makes a view, as the server answers it about many threats, of the few that a page holds whole. Pure. */
import { worldX, worldY } from "./mercator.js";
import { bytesOf } from "./wire.js";

const UNIT = 2 ** 32;
const PRECISIONS = ["exact", "near", "district", "region", "country", "unknown"];

const isPlace = (lat, lng) => Number.isFinite(lat) && Number.isFinite(lng);
const toUnit = (share) => Math.min(UNIT - 1, Math.round(share * UNIT));

/**
 * Make a view of parallel arrays.
 *
 * @param {{ids: string[], lat: (number|null)[], lng: (number|null)[], severity: number[], precision: (string|null)[],
 *   uncertainty_km: (number|null)[], total: number}} data degrees, severity ranks 0 to 4, km; `total` counts those without a place too
 * @param {Set<string>} selected ids
 * @returns {import("./wire.js").View}
 */
export function smallView(data, selected) {
  const rows = data.ids.map((_, i) => i).filter((i) => isPlace(data.lat[i], data.lng[i]));
  const id = new Uint8Array(16 * rows.length);
  rows.forEach((i, row) => id.set(bytesOf(data.ids[i]), 16 * row));
  const by_severity = [0, 0, 0, 0, 0];
  for (const i of rows) by_severity[data.severity[i]] += 1;
  return {
    header: {
      total: data.total,
      in_view: rows.length,
      unplaced: data.total - rows.length,
      by_severity,
      selected: null,
      whole: true,
      terms: { status: [], precision: PRECISIONS },
    },
    mode: "points",
    level: 0,
    count: rows.length,
    x: Uint32Array.from(rows, (i) => toUnit((((worldX(data.lng[i])) % 1) + 1) % 1)),
    y: Uint32Array.from(rows, (i) => toUnit(worldY(data.lat[i]))),
    id,
    severity: Uint8Array.from(rows, (i) => data.severity[i]),
    status: new Uint8Array(rows.length),
    precision: Uint8Array.from(rows, (i) => PRECISIONS.indexOf(data.precision[i] ?? "unknown")),
    uncertainty_km: Float32Array.from(rows, (i) => data.uncertainty_km[i] ?? Number.NaN),
    time: new Float64Array(rows.length).fill(Number.NaN),
    selected: Uint8Array.from(rows, (i) => (selected.has(data.ids[i]) ? 1 : 0)),
  };
}
