/** How densely the threats of a view lie, on a coarse grid over a piece of the map. Pure. */

const UNIT = 2 ** 32;
/** Side of the grid's squares, in CSS pixels. */
export const SQUARE = 8;
/** How far a threat's heat reaches, in squares. */
const REACH = 8;

/** Weights of the squares round the one that a threat lies in: a bell that ends at REACH. */
const BELL = Float32Array.from({ length: (2 * REACH + 1) ** 2 }, (_, i) => {
  const across = (i % (2 * REACH + 1)) - REACH;
  const down = Math.floor(i / (2 * REACH + 1)) - REACH;
  const share = 1 - (across * across + down * down) / (REACH + 0.5) ** 2;
  return share > 0 ? share * share : 0;
});

function addBell(values, columns, lines, column, line, weight) {
  for (let down = -REACH; down <= REACH; down += 1) {
    const at = line + down;
    if (at < 0 || at >= lines) continue;
    for (let across = -REACH; across <= REACH; across += 1) {
      const to = column + across;
      if (to < 0 || to >= columns) continue;
      values[at * columns + to] += weight * BELL[(down + REACH) * (2 * REACH + 1) + across + REACH];
    }
  }
}

function weightOf(view, row) {
  if (view.mode === "points") return 1;
  let sum = 0;
  for (let rank = 0; rank < 5; rank += 1) sum += view.counts[5 * row + rank];
  return sum;
}

/**
 * Sum the threats of a view over a grid.
 *
 * @param {import("./wire.js").View} view
 * @param {{world: number, left: number, top: number, width: number, height: number}} frame see canvas-layer.js
 * @returns {{columns: number, lines: number, values: Float32Array, most: number}} `most` is the densest square's value
 */
export function density(view, frame) {
  const columns = Math.ceil(frame.width / SQUARE);
  const lines = Math.ceil(frame.height / SQUARE);
  const values = new Float32Array(columns * lines);
  const first = Math.floor(frame.left / frame.world);
  const last = Math.floor((frame.left + frame.width) / frame.world);
  for (let row = 0; row < view.count; row += 1) {
    const weight = weightOf(view, row);
    const line = Math.floor(((view.y[row] / UNIT) * frame.world - frame.top) / SQUARE);
    for (let turn = first - 1; turn <= last + 1; turn += 1) {
      const column = Math.floor(((view.x[row] / UNIT + turn) * frame.world - frame.left) / SQUARE);
      if (column < -REACH || column >= columns + REACH) continue;
      addBell(values, columns, lines, column, line, weight);
    }
  }
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return { columns, lines, values, most };
}
