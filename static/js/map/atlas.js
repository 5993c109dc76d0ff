/** Reads the land files of the built-in basemap. The format is described in tests/tools/build_basemap.py. */
import { makeBreather } from "./breather.js";
import { worldX, worldY } from "./mercator.js";

/** Points in one run of a line that is culled as a whole. */
export const RUN = 32;

/** Far enough south of the map's edge that the closing line of a polar ring is never seen. */
const BELOW_THE_MAP = 1.25;

/**
 * @typedef {{x: Float64Array, y: Float64Array, box: number[], runs: Float64Array}} Line
 *   Points in world widths; `box` is west, north, east, south; `runs` holds four such numbers for each run of RUN steps.
 */

class Reader {
  constructor(buffer) {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.at = 0;
  }

  unsigned() {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }

  signed() {
    const value = this.unsigned();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  }

  double() {
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }
}

/** @returns {Line} */
function makeLine(x, y) {
  const steps = Math.max(1, x.length - 1);
  const runs = new Float64Array(Math.ceil(steps / RUN) * 4);
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let run = 0, first = 0; first < steps; run += 4, first += RUN) {
    let west = Infinity;
    let north = Infinity;
    let east = -Infinity;
    let south = -Infinity;
    const last = Math.min(first + RUN, x.length - 1);
    for (let i = first; i <= last; i += 1) {
      if (x[i] < west) west = x[i];
      if (x[i] > east) east = x[i];
      if (y[i] < north) north = y[i];
      if (y[i] > south) south = y[i];
    }
    runs.set([west, north, east, south], run);
    box[0] = Math.min(box[0], west);
    box[1] = Math.min(box[1], north);
    box[2] = Math.max(box[2], east);
    box[3] = Math.max(box[3], south);
  }
  return { x, y, box, runs };
}

/** Join arcs into one ring that never jumps, whichever copy of the world each arc was stored on. */
function joinRing(refs, arcs) {
  const size = refs.reduce((sum, ref) => sum + arcs[ref < 0 ? ~ref : ref].x.length - 1, 1);
  // Three more for the way round a pole.
  const x = new Float64Array(size + 3);
  const y = new Float64Array(size + 3);
  let end = 0;
  for (const ref of refs) {
    const arc = arcs[ref < 0 ? ~ref : ref];
    const count = arc.x.length;
    const step = ref < 0 ? -1 : 1;
    let from = ref < 0 ? count - 1 : 0;
    const shift = end ? Math.round(x[end - 1] - arc.x[from]) : 0;
    // An arc begins where the one before it ended.
    for (let left = end ? count - 1 : count; left > 0; left -= 1) {
      if (end) from += step;
      x[end] = arc.x[from] + shift;
      y[end] = arc.y[from];
      end += 1;
    }
  }
  if (Math.abs(x[end - 1] - x[0]) > 0.5) {
    x.set([x[end - 1], x[0], x[0]], end);
    y.set([BELOW_THE_MAP, BELOW_THE_MAP, y[0]], end);
    end += 3;
  }
  return makeLine(x.subarray(0, end), y.subarray(0, end));
}

/**
 * Decode a land file, in slices: the finest file takes longer than a frame.
 *
 * @param {ArrayBuffer} buffer
 * @returns {Promise<Atlas>}
 * @typedef {{land: Line[], coasts: Line[], borders: Line[]}} Atlas
 */
export async function decodeAtlas(buffer) {
  const breathe = makeBreather();
  const reader = new Reader(buffer);
  const mark = String.fromCharCode(...reader.bytes.subarray(0, 4));
  if (mark !== "LAND" || reader.bytes[4] !== 1) throw new Error("Not a land file of version 1");
  reader.at = 5;
  const scaleX = reader.double();
  const scaleY = reader.double();
  const originX = reader.double();
  const originY = reader.double();
  reader.unsigned();
  const arcs = [];
  const atlas = { land: [], coasts: [], borders: [] };
  for (let left = reader.unsigned(); left > 0; left -= 1) {
    const kind = reader.unsigned();
    const count = reader.unsigned();
    const x = new Float64Array(count);
    const y = new Float64Array(count);
    let gridX = 0;
    let gridY = 0;
    for (let i = 0; i < count; i += 1) {
      gridX += reader.signed();
      gridY += reader.signed();
      x[i] = worldX(gridX * scaleX + originX);
      y[i] = worldY(gridY * scaleY + originY);
    }
    arcs.push({ x, y });
    (kind === 1 ? atlas.borders : atlas.coasts).push(makeLine(x, y));
    await breathe();
  }
  for (let left = reader.unsigned(); left > 0; left -= 1) {
    const refs = Array.from({ length: reader.unsigned() }, () => reader.signed());
    atlas.land.push(joinRing(refs, arcs));
    await breathe();
  }
  return atlas;
}

/** Fetch and decode a land file. @param {string} url same-origin @returns {Promise<Atlas>} */
export async function loadAtlas(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return decodeAtlas(await answer.arrayBuffer());
}
