/** Names of countries and cities on a canvas of their own, between the land and the threats. */
import { L } from "./leaflet.js";
import { makeBreather } from "./breather.js";
import { CanvasLayer, eachWorld } from "./canvas-layer.js";
import { FONTS, layoutLabels } from "./label-layout.js";
import { worldSize, worldX, worldY } from "./mercator.js";
import { readColours } from "./theme.js";

const PANE = "map-labels";
const SPACED = "0.06em";

function useFont(ctx, kind) {
  ctx.font = FONTS[kind];
  if ("letterSpacing" in ctx) ctx.letterSpacing = kind === "country" ? SPACED : "0px";
}

/**
 * Turn the parallel arrays of places.json into rows with positions in world widths and measured texts, in slices: measuring
 * 2,500 texts at once would hold up the page.
 */
async function preparePlaces({ countries, cities }, ctx) {
  const breathe = makeBreather();
  const capitals = new Set(cities.capital);
  const prepare = async (rows, describe) => {
    const places = [];
    for (let i = 0; i < rows.name.length; i += 1) {
      const place = { x: worldX(rows.lng[i] / 1000), y: worldY(rows.lat[i] / 1000), ...describe(i) };
      useFont(ctx, place.kind);
      place.textWidth = ctx.measureText(place.text).width;
      places.push(place);
      await breathe();
    }
    return places;
  };
  return {
    countries: await prepare(countries, (i) => ({ kind: "country", text: countries.name[i].toUpperCase(), extent: countries.width[i] / 1e5 })),
    cities: await prepare(cities, (i) => ({ kind: capitals.has(i) ? "capital" : "city", text: cities.name[i], zoom: cities.zoom[i] })),
  };
}

const Labels = CanvasLayer.extend({
  options: { pane: PANE },

  initialize(url, options) {
    L.setOptions(this, options);
    this._url = url;
    this._layouts = new Map();
    this._obstacles = () => [];
  },

  onAdd(map) {
    if (!map.getPane(PANE)) map.createPane(PANE).classList.add("map-quiet-pane");
    this._colours = readColours(map.getContainer());
    CanvasLayer.prototype.onAdd.call(this, map);
    if (!this._places) this._load();
  },

  /** Have names step aside for boxes: `find(zoom, world)` gives them in pixels from the world's corner. Lays out afresh. */
  keepClear(find) {
    this._obstacles = find;
    this._layouts.clear();
    this.redraw();
  },

  /** Take the colours that hold now and draw again. */
  refreshColours() {
    this._colours = readColours(this._map.getContainer());
    this.redraw();
  },

  async _load() {
    try {
      const answer = await fetch(this._url);
      if (!answer.ok) throw new Error(`${this._url}: ${answer.status}`);
      const pen = document.createElement("canvas").getContext("2d");
      this._places = await preparePlaces(await answer.json(), pen);
      this.redraw();
    } catch (error) {
      // A map without names is still a map; whoever joins the parts may say so.
      this.fire("load-error", { error });
    }
  },

  /** Laying out is a task of its own, so that the frame after a zoom has only to draw. */
  redraw() {
    const zoom = this._map?.getZoom();
    if (!this._places || zoom === undefined || this._layouts.has(zoom)) CanvasLayer.prototype.redraw.call(this);
    else {
      clearTimeout(this._layingOut);
      this._layingOut = setTimeout(() => {
        if (!this._map) return;
        const now = this._map.getZoom();
        if (Number.isInteger(now)) this._layout(now, worldSize(now));
        CanvasLayer.prototype.redraw.call(this);
      }, 0);
    }
  },

  _layout(zoom, world) {
    if (!this._layouts.has(zoom)) {
      this._layouts.set(zoom, layoutLabels(this._places, world, zoom, this._obstacles(zoom, world)));
    }
    return this._layouts.get(zoom);
  },

  _draw(ctx, frame) {
    if (!this._places) return;
    const labels = this._layout(frame.zoom, frame.world);
    ctx.lineJoin = "round";
    ctx.textBaseline = "middle";
    ctx.strokeStyle = this._colours.halo;
    eachWorld(frame, (left) => {
      for (const label of labels) {
        const [west, north, east, south] = label.box;
        if (east + left < 0 || west + left > frame.width || south < frame.top || north > frame.top + frame.height) continue;
        this._drawLabel(ctx, label, left, -frame.top);
      }
    });
  },

  _drawLabel(ctx, label, left, top) {
    const isCountry = label.kind === "country";
    useFont(ctx, label.kind);
    ctx.textAlign = label.align;
    ctx.lineWidth = 3;
    const colour = isCountry ? this._colours["label-country"] : this._colours["label-city"];
    ctx.fillStyle = colour;
    if (!isCountry) {
      const size = label.kind === "capital" ? 2.75 : 2;
      ctx.beginPath();
      ctx.arc(label.x + left, label.y + top, size, 0, 2 * Math.PI);
      ctx.stroke();
      ctx.fill();
    }
    ctx.strokeText(label.text, label.textX + left, label.textY + top);
    ctx.fillText(label.text, label.textX + left, label.textY + top);
  },
});

/**
 * Make the layer of place names.
 *
 * @param {string} baseUrl of the folder with places.json, with a trailing slash
 * @returns {L.Layer & {refreshColours(): void, keepClear(find: (zoom: number, world: number) => Iterable<number[]>): void}} fires `load-error` {error} when the file can't be read
 */
export function createLabels(baseUrl) {
  return new Labels(`${baseUrl}places.json`);
}
