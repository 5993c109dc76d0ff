/** Reads the server's answer about a view: cells where there are many threats, single ones where there are few. Pure. */

const TYPES = { uint8: Uint8Array, uint32: Uint32Array, float32: Float32Array, float64: Float64Array };
/** Numbers per row, of the columns that have more than one. */
const WIDTHS = { counts: 5, id: 16 };

/**
 * @typedef {object} View
 * @property {{total: number, in_view: number, unplaced: number, by_severity: number[], whole?: boolean,
 *   selected: {total: number, by_severity: number[]} | null, terms: Record<string, string[]>}} header
 *   `whole` says that the rows are all there are, wherever the map is.
 * @property {"cells"|"points"} mode
 * @property {number} level cells only: the side of a cell is 1 / 2 ** level of the world
 * @property {number} count rows
 * @property {Uint32Array} x position in 2 ** -32 of the world, from 180° W eastwards @property {Uint32Array} y from the north
 * @property {Uint32Array} [cx] cells: column @property {Uint32Array} [cy] cells: row
 * @property {Uint32Array} [counts] cells: five numbers for each, by severity rank
 * @property {Uint8Array} [id] points: 16 bytes for each @property {Uint8Array} [severity] points: rank 0 to 4
 * @property {Uint8Array} [status] points: index into `header.terms.status` @property {Uint8Array} [precision] points: the same
 * @property {Float32Array} [uncertainty_km] points: NaN when unknown @property {Float64Array} [time] points: ms since 1970 or NaN
 * @property {Uint32Array|Uint8Array} selected how many of the row are selected
 */

const padded = (bytes) => Math.ceil(bytes / 8) * 8;

/**
 * Decode an answer. The arrays are windows on the buffer: nothing is copied.
 *
 * @param {ArrayBuffer} buffer @returns {View}
 * @throws {Error} when it is cut off or is no view
 */
export function decodeView(buffer) {
  if (buffer.byteLength < 8) throw new Error("The view is cut off.");
  const length = new DataView(buffer).getUint32(0, true);
  if (length + 4 > buffer.byteLength) throw new Error("The view is cut off.");
  const { mode, level, arrays, ...header } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const view = { header, mode, level: level ?? 0, count: 0 };
  let at = padded(4 + length);
  for (const [name, type, count] of arrays) {
    const Type = TYPES[type];
    if (!Type || at + count * Type.BYTES_PER_ELEMENT > buffer.byteLength) throw new Error(`The view is cut off at ${name}.`);
    view[name] = new Type(buffer, at, count);
    at += padded(count * Type.BYTES_PER_ELEMENT);
  }
  view.count = view.x.length;
  for (const [name, , count] of arrays) {
    if (count !== view.count * (WIDTHS[name] ?? 1)) throw new Error(`The view has ${view.count} rows, but ${count} of ${name}.`);
  }
  return view;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** @param {View} view with points @param {number} row @returns {string} the threat's id as text */
export function idOf(view, row) {
  const hex = Array.from(view.id.subarray(16 * row, 16 * row + 16), (byte) => HEX[byte]).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** @param {string} id as text @returns {Uint8Array} its 16 bytes */
export function bytesOf(id) {
  const hex = id.replaceAll("-", "");
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** @param {View} view with points @param {string} id @returns {number} the row, or -1 */
export function rowOf(view, id) {
  const bytes = bytesOf(id);
  for (let row = 0; row < view.count; row += 1) {
    if (bytes.every((byte, i) => view.id[16 * row + i] === byte)) return row;
  }
  return -1;
}

/** What a point's coordinates stand for, such as "exact" or "country"; "" when the source does not say. */
export function precisionOf(view, row) {
  const precision = view.header.terms.precision[view.precision[row]];
  return precision === "unknown" ? "" : precision;
}

/** Whether a point stands for a whole country or region, so that it must not look like a place. */
export function isBroad(view, row) {
  const precision = precisionOf(view, row);
  return precision === "country" || precision === "region";
}
