/** The map's key: what shapes, dashes and rings mean. */
import { iconButton } from "./controls.js";
import { SEVERITIES } from "./severity.js";
import { drawCluster, drawThreat } from "./threat-drawing.js";
import { readColours } from "./theme.js";

const SIZE = 34;
const plain = { x: SIZE / 2, y: SIZE / 2, exact: true, broad: false, selected: false, hovered: false };

/** An area, as threat-areas.js draws them. */
function drawArea(ctx, colours) {
  ctx.beginPath();
  ctx.rect(5, 9, SIZE - 10, SIZE - 18);
  ctx.fillStyle = ctx.strokeStyle = colours["severity-2"];
  ctx.globalAlpha = 0.12;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.lineWidth = 1.75;
  ctx.setLineDash([7, 5]);
  ctx.stroke();
}

const ROWS = [
  ...[4, 3, 2, 1, 0].map((rank) => [
    SEVERITIES[rank][0].toUpperCase() + SEVERITIES[rank].slice(1),
    (ctx, colours) => drawThreat(ctx, { ...plain, rank }, colours),
  ]),
  ["Place not exact", (ctx, colours) => drawThreat(ctx, { ...plain, rank: 2, exact: false }, colours)],
  ["Somewhere in this country or region", (ctx, colours) => drawThreat(ctx, { ...plain, rank: 2, broad: true }, colours)],
  ["Area of a threat; the worse, the longer its dashes", drawArea],
  ["Selected", (ctx, colours) => drawThreat(ctx, { ...plain, rank: 1, selected: true }, colours)],
  [
    "Several, by severity",
    (ctx, colours) => {
      const bySeverity = [1, 3, 3, 1, 1];
      drawCluster(ctx, { ...plain, count: 9, bySeverity, worst: 4, selected: 0 }, colours);
    },
  ],
];

/**
 * Make the key and the button that opens it.
 *
 * @param {HTMLElement} container of the map, for its colours
 * @returns {{button: HTMLButtonElement, panel: HTMLElement, refreshColours: () => void}}
 */
export function createKey(container) {
  const panel = document.createElement("ul");
  panel.className = "map-key";
  panel.hidden = true;
  const drawings = ROWS.map(([words, draw]) => {
    const row = document.createElement("li");
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    row.append(canvas, words);
    panel.append(row);
    return [canvas, draw];
  });
  const refreshColours = () => {
    const colours = readColours(container);
    const ratio = globalThis.devicePixelRatio || 1;
    for (const [canvas, draw] of drawings) {
      canvas.width = canvas.height = Math.round(SIZE * ratio);
      const ctx = canvas.getContext("2d");
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(ctx, colours);
    }
  };
  const button = iconButton("key", "Key to the map", () => {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) refreshColours();
  });
  button.setAttribute("aria-expanded", "false");
  return { button, panel, refreshColours };
}
