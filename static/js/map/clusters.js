/** Groups the rows of a view – cells or points – that would lie on one another at a zoom. Pure. */
import { edgesAround } from "./bounds.js";
import { latitude, longitude } from "./mercator.js";
import { isBroad } from "./wire.js";

const UNIT = 2 ** 32;
/** Side of the squares that rows are first gathered in, in pixels. */
const SQUARE = 64;
/** Groups whose middles are nearer than this, in pixels, become one. */
const MERGE = 40;
/** A group of so few points, none nearer than APART pixels to another, is shown as its points. */
const FEW = 4;
const APART = 22;

/**
 * @typedef {{x: number, y: number, rows: number[], count: number, bySeverity: number[], selected: number, broad: number,
 *   worst: number}} Group
 *   Middle in pixels from the world's corner; `rows` of the view; `count` threats, of which so many are selected and so many
 *   stand for a whole region or country (known of points only).
 */

/** @returns {Group} of one row, with its place summed by weight in `sumX`, `sumY` */
function single(view, row, world) {
  const bySeverity = [0, 0, 0, 0, 0];
  if (view.mode === "cells") for (let rank = 0; rank < 5; rank += 1) bySeverity[rank] = view.counts[5 * row + rank];
  else bySeverity[view.severity[row]] = 1;
  const count = bySeverity.reduce((sum, part) => sum + part, 0);
  const x = (view.x[row] / UNIT) * world;
  const y = (view.y[row] / UNIT) * world;
  const broad = view.mode === "points" && isBroad(view, row) ? 1 : 0;
  return { rows: [row], count, bySeverity, selected: view.selected[row], broad, x, y, sumX: x * count, sumY: y * count };
}

/** Let a group swallow another, seen on the turn of the world that is nearest. */
function swallow(group, other, world) {
  const turn = Math.round((group.x - other.x) / world) * world;
  group.sumX += other.sumX + turn * other.count;
  group.sumY += other.sumY;
  group.count += other.count;
  group.selected += other.selected;
  group.broad += other.broad;
  for (let rank = 0; rank < 5; rank += 1) group.bySeverity[rank] += other.bySeverity[rank];
  for (const row of other.rows) group.rows.push(row);
}

function settle(group, world) {
  const x = group.sumX / group.count;
  group.x = x - Math.floor(x / world) * world;
  group.y = group.sumY / group.count;
}

function gather(view, world) {
  const squares = new Map();
  for (let row = 0; row < view.count; row += 1) {
    const one = single(view, row, world);
    const key = Math.floor(one.x / SQUARE) * 1e7 + Math.floor(one.y / SQUARE);
    const square = squares.get(key);
    if (square) swallow(square, one, world);
    else squares.set(key, one);
  }
  const groups = [...squares.values()];
  for (const group of groups) settle(group, world);
  return groups;
}

/** Let the biggest swallow its near neighbours, then the next biggest that is left; also over the edge of the world. */
function merge(groups, world) {
  const columns = Math.max(1, Math.round(world / SQUARE));
  const columnOf = (x) => Math.floor(x / SQUARE);
  groups.sort((a, b) => b.count - a.count);
  const grid = new Map();
  for (const group of groups) {
    const key = columnOf(group.x) * 1e7 + Math.floor(group.y / SQUARE);
    if (grid.has(key)) grid.get(key).push(group);
    else grid.set(key, [group]);
  }
  const gone = new Set();
  const kept = [];
  for (const group of groups) {
    if (gone.has(group)) continue;
    gone.add(group);
    const { x, y } = group;
    for (let i = columnOf(x) - 1; i <= columnOf(x) + 1; i += 1) {
      for (let j = Math.floor(y / SQUARE) - 1; j <= Math.floor(y / SQUARE) + 1; j += 1) {
        for (const other of grid.get(((i + columns) % columns) * 1e7 + j) ?? []) {
          const across = Math.abs(other.x - x);
          if (gone.has(other) || Math.min(across, world - across) ** 2 + (other.y - y) ** 2 > MERGE ** 2) continue;
          gone.add(other);
          swallow(group, other, world);
        }
      }
    }
    settle(group, world);
    kept.push(group);
  }
  return kept;
}

function standApart(singles) {
  return singles.every((a, i) => singles.every((b, j) => j <= i || (a.x - b.x) ** 2 + (a.y - b.y) ** 2 >= APART ** 2));
}

/**
 * Group the rows of a view for one zoom.
 *
 * @param {import("./wire.js").View} view @param {number} world width of the world in pixels
 * @returns {Group[]} least severe first, so that drawing in order leaves the worst on top
 */
export function groupRows(view, world) {
  const groups = merge(gather(view, world), world).flatMap((group) => {
    if (view.mode === "cells" || group.count === 1 || group.count > FEW) return [group];
    const singles = group.rows.map((row) => single(view, row, world));
    return standApart(singles) ? singles : [group];
  });
  for (const group of groups) group.worst = group.bySeverity.findLastIndex((count) => count > 0);
  return groups.sort((a, b) => a.worst - b.worst || a.count - b.count);
}

/**
 * Find the box that surely holds all threats of some rows.
 *
 * @param {import("./wire.js").View} view @param {ArrayLike<number>} rows
 * @returns {ReturnType<typeof edgesAround>} of a cell the whole square, as only the middle of its threats is known
 */
export function edgesOf(view, rows) {
  const lats = [];
  const lngs = [];
  const side = 1 / 2 ** view.level;
  for (const row of Array.from(rows)) {
    if (view.mode === "points") {
      lats.push(latitude(view.y[row] / UNIT));
      lngs.push(longitude(view.x[row] / UNIT));
    } else {
      lats.push(latitude(view.cy[row] * side), latitude((view.cy[row] + 1) * side));
      lngs.push(longitude(view.cx[row] * side), longitude((view.cx[row] + 1) * side));
    }
  }
  return edgesAround(lats, lngs);
}
