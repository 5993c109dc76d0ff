/** The five severities: names by rank, and the shape each is drawn with, so that colour is never alone. */

/** By rank, 0 to 4. */
export const SEVERITIES = ["negligible", "low", "medium", "high", "critical"];

/** Corners as angles in turns from the top, and how far out they lie, so that all shapes look equally big. */
const CORNERS = {
  4: { turns: [0, 0.25, 0.5, 0.75], reach: 1.2 },
  3: { turns: [0, 1 / 3, 2 / 3], reach: 1.3, drop: 0.16 },
  2: { turns: [0.125, 0.375, 0.625, 0.875], reach: 1.18 },
};
const RADII = [4, 5.5, 6, 6.5, 8];

/** @param {number} rank @returns {number} pixels from a shape's centre to about its edge */
export function shapeRadius(rank) {
  return RADII[rank] ?? RADII[0];
}

/**
 * Trace the outline of a severity's shape into the current path: diamond, triangle, square, circle, small circle.
 *
 * @param {CanvasRenderingContext2D} ctx @param {number} rank 0 to 4 @param {number} x @param {number} y centre
 * @param {number} radius pixels
 */
export function traceShape(ctx, rank, x, y, radius) {
  const corners = CORNERS[rank];
  ctx.beginPath();
  if (!corners) {
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  for (const turn of corners.turns) {
    const angle = turn * 2 * Math.PI;
    const reach = radius * corners.reach;
    ctx.lineTo(x + Math.sin(angle) * reach, y - Math.cos(angle) * reach + radius * (corners.drop ?? 0));
  }
  ctx.closePath();
}
