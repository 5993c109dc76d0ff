/** Draws land, coasts and borders of an atlas into a square piece of the world. */
import { RUN } from "./atlas.js";

/**
 * @typedef {{west: number, north: number, side: number, pixels: number}} Square
 *   A piece of the world: its corner and side in world widths, and its side in CSS pixels.
 */

/** Pixels round the square in which lines still count, so that strokes are not cut at its edge. */
const MARGIN = 4;
/** Points closer together than this many pixels are drawn as one. */
const FINEST = 0.6;

/** Call `draw` with each turn of the world in which a line touches the square. */
function eachCopy(line, square, pad, draw) {
  const [west, north, east, south] = line.box;
  if (south < square.north - pad || north > square.north + square.side + pad) return;
  for (let turn = -1; turn <= 1; turn += 1) {
    if (east + turn >= square.west - pad && west + turn <= square.west + square.side + pad) draw(turn);
  }
}

/** Add a closed ring. Runs that lie wholly beyond one edge shrink to one step: what is inside the square stays the same. */
function addRing(ctx, line, square, turn) {
  const { x, y, runs } = line;
  const scale = square.pixels / square.side;
  const left = square.west - turn;
  const pad = MARGIN / scale;
  const west = left - pad;
  const east = left + square.side + pad;
  const north = square.north - pad;
  const south = square.north + square.side + pad;
  let px = (x[0] - left) * scale;
  let py = (y[0] - square.north) * scale;
  ctx.moveTo(px, py);
  for (let run = 0, first = 0; run < runs.length; run += 4, first += RUN) {
    const last = Math.min(first + RUN, x.length - 1);
    const beyond = runs[run] > east || runs[run + 2] < west || runs[run + 1] > south || runs[run + 3] < north;
    for (let i = beyond ? last : first + 1; i <= last; i += 1) {
      const qx = (x[i] - left) * scale;
      const qy = (y[i] - square.north) * scale;
      if (i < last && Math.abs(qx - px) < FINEST && Math.abs(qy - py) < FINEST) continue;
      ctx.lineTo(qx, qy);
      px = qx;
      py = qy;
    }
  }
  ctx.closePath();
}

/** Add an open line. Runs that do not touch the square are left out. */
function addLine(ctx, line, square, turn) {
  const { x, y, runs } = line;
  const scale = square.pixels / square.side;
  const left = square.west - turn;
  const pad = MARGIN / scale;
  let down = false;
  let px = 0;
  let py = 0;
  for (let run = 0, first = 0; run < runs.length; run += 4, first += RUN) {
    if (
      runs[run] > left + square.side + pad || runs[run + 2] < left - pad ||
      runs[run + 1] > square.north + square.side + pad || runs[run + 3] < square.north - pad
    ) {
      down = false;
      continue;
    }
    const last = Math.min(first + RUN, x.length - 1);
    for (let i = down ? first + 1 : first; i <= last; i += 1) {
      const qx = (x[i] - left) * scale;
      const qy = (y[i] - square.north) * scale;
      if (!down) ctx.moveTo(qx, qy);
      else if (i < last && Math.abs(qx - px) < FINEST && Math.abs(qy - py) < FINEST) continue;
      else ctx.lineTo(qx, qy);
      down = true;
      px = qx;
      py = qy;
    }
  }
}

function stroke(ctx, lines, square, colour, width) {
  const pad = (square.side / square.pixels) * MARGIN;
  ctx.beginPath();
  for (const line of lines) eachCopy(line, square, pad, (turn) => addLine(ctx, line, square, turn));
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

/**
 * Fill the square with sea, land, coasts and borders.
 *
 * @param {CanvasRenderingContext2D} ctx scaled to CSS pixels
 * @param {import("./atlas.js").Atlas | null} atlas null draws sea only
 * @param {Square} square @param {Record<string, string>} colours see theme.js @param {number} zoom
 */
export function drawLand(ctx, atlas, square, colours, zoom) {
  ctx.fillStyle = colours.sea;
  ctx.fillRect(0, 0, square.pixels, square.pixels);
  if (!atlas) return;
  const pad = (square.side / square.pixels) * MARGIN;
  ctx.lineJoin = "round";
  ctx.beginPath();
  for (const line of atlas.land) eachCopy(line, square, pad, (turn) => addRing(ctx, line, square, turn));
  ctx.fillStyle = colours.land;
  ctx.fill("evenodd");
  stroke(ctx, atlas.coasts, square, colours.coast, zoom < 4 ? 0.7 : 1);
  stroke(ctx, atlas.borders, square, colours.border, zoom < 4 ? 0.7 : 1.1);
}
