/** Decides which place names are shown at a zoom and where, so that none lies on another. Pure, apart from measuring text. */

/**
 * @typedef {{kind: "country"|"city"|"capital", text: string, x: number, y: number, textX: number, align: CanvasTextAlign,
 *   textY: number, box: number[]}} Label
 *   Pixels from the world's corner at the layout's zoom. `x`, `y` is the place; `box` is left, top, right, bottom.
 */

export const FONTS = {
  country: "600 11px system-ui, sans-serif",
  city: "12px system-ui, sans-serif",
  capital: "600 12px system-ui, sans-serif",
};
const HEIGHT = 14;
/** Clear pixels kept round every label. */
const AIR = 5;
/** Countries are named from world view down to here; nearer, a name in the middle of a country is far out of view. */
const COUNTRIES_TO_ZOOM = 8;
const CITIES_FIRST_FROM_ZOOM = 5;
/** From this zoom on even the smallest country may have its name. */
const SMALL_COUNTRIES_FROM_ZOOM = 6;

/** Remembers taken boxes in a grid, so that asking costs the same however many there are. */
class Taken {
  constructor() {
    this.cells = new Map();
  }

  _each([left, top, right, bottom], visit) {
    for (let i = left >> 7; i <= right >> 7; i += 1) {
      for (let j = top >> 7; j <= bottom >> 7; j += 1) if (visit((i + 1) * 2 ** 20 + j) === false) return false;
    }
    return true;
  }

  isFree(box) {
    return this._each(box, (key) => {
      for (const other of this.cells.get(key) ?? []) {
        if (box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]) return false;
      }
      return true;
    });
  }

  add(box) {
    this._each(box, (key) => {
      const cell = this.cells.get(key);
      if (cell) cell.push(box);
      else this.cells.set(key, [box]);
    });
  }
}

const grown = ([left, top, right, bottom]) => [left - AIR, top - AIR / 2, right + AIR, bottom + AIR / 2];

/** Lower and higher places for a country's name that finds its own taken, in pixels. */
const NUDGES = [0, 18, -18, 30, -30];
/** A country narrower than this, in pixels, has its name below it instead of on it. */
const NARROW = 26;

function placeCountries(places, world, zoom, taken, labels) {
  if (zoom > COUNTRIES_TO_ZOOM) return;
  for (const country of places.countries) {
    const room = country.extent * world;
    if (zoom < SMALL_COUNTRIES_FROM_ZOOM && room < country.textWidth * 0.8) continue;
    const x = country.x * world;
    const y = country.y * world;
    for (const nudge of NUDGES) {
      const textY = y + nudge + (room < NARROW ? 12 : 0);
      const box = [x - country.textWidth / 2, textY - HEIGHT / 2, x + country.textWidth / 2, textY + HEIGHT / 2];
      if (!taken.isFree(box)) continue;
      taken.add(grown(box));
      labels.push({ kind: "country", text: country.text, x, y, textX: x, textY, align: "center", box });
      break;
    }
  }
}

function placeCities(places, world, zoom, taken, labels) {
  for (const city of places.cities) {
    if (city.zoom > zoom) continue;
    const x = city.x * world;
    const y = city.y * world;
    const width = city.textWidth;
    // Beside the dot; or, when a mark covers the dot, beside the mark.
    for (const gap of [7, 13, 22, 32]) {
      const sides = [
        ["left", x + gap, y, [x + gap - 2, y - HEIGHT / 2, x + gap + width, y + HEIGHT / 2]],
        ["right", x - gap, y, [x - gap - width, y - HEIGHT / 2, x - gap + 2, y + HEIGHT / 2]],
        ["center", x, y - gap - 5, [x - width / 2, y - gap - 12, x + width / 2, y - gap + 2]],
        ["center", x, y + gap + 5, [x - width / 2, y + gap - 2, x + width / 2, y + gap + 12]],
      ];
      const side = sides.find(([, , , box]) => taken.isFree(box));
      if (!side) continue;
      const [align, textX, textY, box] = side;
      taken.add(grown(box));
      taken.add([x - 4, y - 4, x + 4, y + 4]);
      labels.push({ kind: city.kind, text: city.text, x, y, textX, textY, align, box });
      break;
    }
  }
}

/**
 * Lay out the names of one zoom for the whole world. Done once for a zoom, so names stay put while the map is dragged.
 *
 * @param {{countries: object[], cities: object[]}} places most important first, as `preparePlaces` of labels.js makes them
 * @param {number} world width of the world in pixels @param {number} zoom whole
 * @param {Iterable<number[]>} obstacles boxes to keep clear, in pixels from the world's corner
 * @returns {Label[]}
 */
export function layoutLabels(places, world, zoom, obstacles) {
  const taken = new Taken();
  for (const box of obstacles) taken.add(box);
  const labels = [];
  // Far out countries matter most; nearer, cities do, and a country's name can stand anywhere inside it.
  const order = zoom < CITIES_FIRST_FROM_ZOOM ? [placeCountries, placeCities] : [placeCities, placeCountries];
  for (const place of order) place(places, world, zoom, taken, labels);
  return labels;
}
