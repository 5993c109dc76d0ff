/** Draws one threat, one cluster, one circle of uncertainty. All sizes in CSS pixels. */
import { shapeRadius, traceShape } from "./severity.js";

const TURN = 2 * Math.PI;
const TOP = -Math.PI / 2;
const FONT = "600 11px system-ui, sans-serif";

/** Radius of the ring round a threat that stands for a whole country or region. */
const BROAD = 13;

/** @param {number} count @returns {number} outer radius of a cluster */
export function clusterRadius(count) {
  return 11.5 + Math.min(11, 2.9 * Math.log10(count));
}

/**
 * @param {import("./clusters.js").Group} group @param {boolean} isOne whether it is one threat, whose severity's shape is drawn
 * @returns {number} pixels from its middle to about its edge
 */
export function markRadius(group, isOne) {
  if (!isOne) return clusterRadius(group.count);
  return group.broad ? BROAD : shapeRadius(group.worst);
}

function shortCount(count) {
  if (count < 10_000) return String(count);
  return count < 1_000_000 ? `${Math.floor(count / 1000)}k` : `${Math.floor(count / 100_000) / 10}M`;
}

/** A ring round a selected threat. */
function drawChosen(ctx, x, y, radius, colours) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, TURN);
  ctx.fillStyle = colours.outline;
  ctx.fill();
  ctx.strokeStyle = colours.selected;
  ctx.lineWidth = 2.5;
  ctx.stroke();
}

/** A wide dashed ring with the severity's shape, hollow, in it: somewhere about, not here. */
function drawBroad(ctx, { x, y, rank, selected, hovered }, colours) {
  const radius = BROAD + (hovered ? 1.5 : 0);
  if (selected) drawChosen(ctx, x, y, radius + 5, colours);
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, TURN);
  ctx.globalAlpha = 0.6;
  ctx.fillStyle = colours.surface;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.strokeStyle = colours.outline;
  ctx.lineWidth = 4;
  ctx.stroke();
  ctx.strokeStyle = colours[`severity-${rank}`];
  ctx.lineWidth = 1.75;
  ctx.setLineDash([2, 3.1]);
  ctx.stroke();
  ctx.setLineDash([]);
  traceShape(ctx, rank, x, y, 5);
  ctx.lineJoin = "round";
  ctx.lineWidth = 1.75;
  ctx.stroke();
}

/**
 * Draw a threat as its severity's shape: filled when its place is exact, hollow and dashed when it is not; small in a wide
 * ring when all that is known is the country or region.
 *
 * @param {CanvasRenderingContext2D} ctx
 * @param {{x: number, y: number, rank: number, exact: boolean, broad: boolean, selected: boolean, hovered: boolean}} threat
 * @param {Record<string, string>} colours
 */
export function drawThreat(ctx, threat, colours) {
  if (threat.broad) {
    drawBroad(ctx, threat, colours);
    return;
  }
  const { x, y, rank } = threat;
  const radius = shapeRadius(rank) + (threat.hovered ? 1.5 : 0);
  if (threat.selected) drawChosen(ctx, x, y, radius + 5, colours);
  const colour = colours[`severity-${rank}`];
  const isRing = rank === 0;
  traceShape(ctx, rank, x, y, radius);
  ctx.lineJoin = "round";
  ctx.strokeStyle = colours.outline;
  ctx.lineWidth = threat.exact && !isRing ? 3 : 4.5;
  ctx.stroke();
  if (threat.exact && !isRing) {
    ctx.fillStyle = colour;
    ctx.fill();
    return;
  }
  ctx.fillStyle = colours.surface;
  ctx.fill();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  if (!threat.exact) ctx.setLineDash([3, 2]);
  ctx.stroke();
  ctx.setLineDash([]);
}

/**
 * Draw a cluster: the count, round it a ring split by severity, worst first from the top, and the worst one's shape. The ring
 * is broken when all of its threats stand for a whole country or region.
 *
 * @param {CanvasRenderingContext2D} ctx
 * @param {{x: number, y: number, count: number, bySeverity: number[], worst: number, selected: number, broad: number,
 *   hovered: boolean}} cluster `selected` and `broad` are how many of its members are
 * @param {Record<string, string>} colours
 */
export function drawCluster(ctx, cluster, colours) {
  const { x, y, count } = cluster;
  const radius = clusterRadius(count) + (cluster.hovered ? 1.5 : 0);
  ctx.lineCap = "butt";
  ctx.beginPath();
  ctx.arc(x, y, radius + 1.25, 0, TURN);
  ctx.fillStyle = colours.outline;
  ctx.fill();
  ctx.beginPath();
  ctx.arc(x, y, radius - 2, 0, TURN);
  ctx.fillStyle = colours.surface;
  ctx.fill();
  let from = TOP;
  ctx.lineWidth = 3.5;
  if (cluster.broad === count) ctx.setLineDash([3, 2.5]);
  for (let rank = 4; rank >= 0; rank -= 1) {
    const part = cluster.bySeverity[rank];
    if (!part) continue;
    const to = from + (part / count) * TURN;
    ctx.beginPath();
    ctx.arc(x, y, radius - 1.75, from, to);
    ctx.strokeStyle = colours[`severity-${rank}`];
    ctx.stroke();
    from = to;
  }
  ctx.setLineDash([]);
  if (cluster.selected) drawShare(ctx, x, y, radius + 3.25, cluster.selected / count, colours);
  ctx.font = FONT;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = colours.text;
  ctx.fillText(shortCount(count), x, y + 0.5);
  if (cluster.worst >= 3) drawBadge(ctx, x, y - radius + 1, cluster.worst, colours);
}

/** An arc outside the ring as long as the selected share; all round when everything is selected. */
function drawShare(ctx, x, y, radius, share, colours) {
  const to = TOP + Math.max(share, 0.08) * TURN;
  ctx.beginPath();
  ctx.arc(x, y, radius, TOP, to);
  ctx.strokeStyle = colours.outline;
  ctx.lineWidth = 6;
  ctx.stroke();
  ctx.beginPath();
  ctx.arc(x, y, radius, TOP, to);
  ctx.strokeStyle = colours.selected;
  ctx.lineWidth = 3.5;
  ctx.stroke();
}

function drawBadge(ctx, x, y, rank, colours) {
  traceShape(ctx, rank, x, y, 4.75);
  ctx.strokeStyle = colours.outline;
  ctx.lineWidth = 2.5;
  ctx.lineJoin = "round";
  ctx.stroke();
  ctx.fillStyle = colours[`severity-${rank}`];
  ctx.fill();
}

/** Draw the area a threat may lie in; `strong` for the one pointed at, a mere outline for the others. */
export function drawUncertainty(ctx, x, y, radius, strong, colours) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, TURN);
  if (strong) {
    ctx.globalAlpha = 0.14;
    ctx.fillStyle = colours.uncertainty;
    ctx.fill();
  }
  ctx.globalAlpha = strong ? 1 : 0.55;
  ctx.setLineDash([5, 4]);
  ctx.strokeStyle = colours.uncertainty;
  ctx.lineWidth = strong ? 1.75 : 1;
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

/** Draw a wide ring round a mark that is pointed at in the list. */
export function drawHighlight(ctx, x, y, radius, colours) {
  for (const [width, colour] of [[7, colours.outline], [3, colours.text]]) {
    ctx.beginPath();
    ctx.arc(x, y, radius + 8, 0, TURN);
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }
}
