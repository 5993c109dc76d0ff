/** Fewer corners for a line drawn by hand. Pure. */

/** Squared distance of a point from a step between two others. */
function offLine(point, from, to) {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = dx * dx + dy * dy;
  const along = length ? Math.max(0, Math.min(1, ((point.x - from.x) * dx + (point.y - from.y) * dy) / length)) : 0;
  return (point.x - from.x - along * dx) ** 2 + (point.y - from.y - along * dy) ** 2;
}

/** The corners that a line needs to stay within a tolerance (Ramer, Douglas and Peucker). @returns {number[]} ascending indexes */
function corners(points, tolerance) {
  const kept = new Set([0, points.length - 1]);
  const spans = [[0, points.length - 1]];
  while (spans.length) {
    const [first, last] = spans.pop();
    let farthest = -1;
    let most = tolerance * tolerance;
    for (let i = first + 1; i < last; i += 1) {
      const distance = offLine(points[i], points[first], points[last]);
      if (distance > most) [farthest, most] = [i, distance];
    }
    if (farthest < 0) continue;
    kept.add(farthest);
    spans.push([first, farthest], [farthest, last]);
  }
  return [...kept].sort((a, b) => a - b);
}

/**
 * @param {{x: number, y: number}[]} points in pixels @param {number} most so many corners at most
 * @returns {number[]} indexes of the points that are corners, within one pixel of what was drawn unless that takes too many
 */
export function simplify(points, most) {
  for (let tolerance = 1; ; tolerance *= 1.5) {
    const kept = corners(points, tolerance);
    if (kept.length <= most) return kept;
  }
}
