/** Groups points that would lie on one another at a zoom. Pure. */

/** Side of the cells that points are first gathered in, in pixels. */
const CELL = 64;
/** Groups whose middles are nearer than this, in pixels, become one. */
const MERGE = 40;
/** A group of so few, none nearer than APART pixels to another, is shown as its points. */
const FEW = 4;
const APART = 22;

/**
 * @typedef {{x: number, y: number, members: number[], bySeverity: number[], worst: number}} Group
 *   Middle in pixels from the world's corner; `members` are positions in the arrays given; a group of one is a point.
 */

function gather(points, world) {
  const cells = new Map();
  for (let i = 0; i < points.x.length; i += 1) {
    const x = points.x[i] * world;
    const y = points.y[i] * world;
    const key = Math.floor(x / CELL) * 1e7 + Math.floor(y / CELL);
    const cell = cells.get(key);
    if (cell) {
      cell.members.push(i);
      cell.sumX += x;
      cell.sumY += y;
    } else {
      cells.set(key, { members: [i], sumX: x, sumY: y, gone: false });
    }
  }
  return [...cells.values()];
}

/** Let the biggest swallow its near neighbours, then the next biggest that is left. */
function merge(cells) {
  cells.sort((a, b) => b.members.length - a.members.length);
  const grid = new Map();
  for (const cell of cells) {
    cell.x = cell.sumX / cell.members.length;
    cell.y = cell.sumY / cell.members.length;
    const key = Math.floor(cell.x / CELL) * 1e7 + Math.floor(cell.y / CELL);
    if (grid.has(key)) grid.get(key).push(cell);
    else grid.set(key, [cell]);
  }
  const kept = [];
  for (const cell of cells) {
    if (cell.gone) continue;
    cell.gone = true;
    const column = Math.floor(cell.x / CELL);
    const row = Math.floor(cell.y / CELL);
    const { x, y } = cell;
    for (let i = column - 1; i <= column + 1; i += 1) {
      for (let j = row - 1; j <= row + 1; j += 1) {
        for (const other of grid.get(i * 1e7 + j) ?? []) {
          if (other.gone || (other.x - x) ** 2 + (other.y - y) ** 2 > MERGE ** 2) continue;
          other.gone = true;
          cell.sumX += other.sumX;
          cell.sumY += other.sumY;
          for (const member of other.members) cell.members.push(member);
        }
      }
    }
    kept.push(cell);
  }
  return kept;
}

function standApart(members, points, world) {
  for (let a = 1; a < members.length; a += 1) {
    for (let b = 0; b < a; b += 1) {
      const dx = (points.x[members[a]] - points.x[members[b]]) * world;
      const dy = (points.y[members[a]] - points.y[members[b]]) * world;
      if (dx * dx + dy * dy < APART ** 2) return false;
    }
  }
  return true;
}

/**
 * Group points for one zoom.
 *
 * @param {{x: Float64Array, y: Float64Array, severity: Uint8Array}} points positions in world widths, ranks 0 to 4
 * @param {number} world width of the world in pixels
 * @returns {Group[]} least severe first, so that drawing in order leaves the worst on top
 */
export function groupPoints(points, world) {
  const groups = [];
  const addPoint = (i) => {
    const bySeverity = [0, 0, 0, 0, 0];
    bySeverity[points.severity[i]] = 1;
    groups.push({ x: points.x[i] * world, y: points.y[i] * world, members: [i], bySeverity, worst: points.severity[i] });
  };
  for (const cell of merge(gather(points, world))) {
    const { members } = cell;
    if (members.length <= FEW && standApart(members, points, world)) {
      members.forEach(addPoint);
      continue;
    }
    const bySeverity = [0, 0, 0, 0, 0];
    for (const i of members) bySeverity[points.severity[i]] += 1;
    groups.push({
      x: cell.sumX / members.length,
      y: cell.sumY / members.length,
      members,
      bySeverity,
      worst: bySeverity.findLastIndex((count) => count > 0),
    });
  }
  return groups.sort((a, b) => a.worst - b.worst || a.members.length - b.members.length);
}
