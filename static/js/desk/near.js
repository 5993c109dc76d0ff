/** Selecting within so many kilometres of a city, of coordinates or of a threat. */
import { Combobox } from "../page/combobox.js";

const SHOWN = 10;
const format = (value) => String(Math.round(value * 1e5) / 1e5);
/** Letters without their marks, as names are typed. */
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** @returns {Promise<{name: string, plain: string, lat: number, lng: number}[]>} the cities of the built-in map, largest first */
async function loadCities(url) {
  const response = await fetch(url);
  if (!response.ok) return [];
  const { name, lat, lng } = (await response.json()).cities;
  return name.map((one, i) => ({ name: one, plain: plain(one), lat: lat[i] / 1000, lng: lng[i] / 1000 }));
}

export class Near {
  #panel;
  #fields;
  #place = null;

  /** @param {HTMLFormElement} form @param {string} url of the names of places */
  constructor(form, url) {
    this.#panel = form.querySelector("#near");
    this.#fields = Object.fromEntries(["lat", "lng", "km"].map((name) => [name, form.elements[`near_${name}`]]));
    const city = form.querySelector("#near-place");
    form.querySelector("#near-place-field").hidden = false;
    let cities = null;
    const find = async (text) => {
      cities ??= loadCities(url);
      const wanted = plain(text.trim());
      if (!wanted) return [];
      const all = await cities;
      const begun = all.filter((one) => one.plain.startsWith(wanted));
      const within = all.filter((one) => !one.plain.startsWith(wanted) && one.plain.includes(wanted));
      return [...begun, ...within].slice(0, SHOWN).map((one) => ({ ...one, id: one.name, title: one.name, note: `${one.lat.toFixed(2)}, ${one.lng.toFixed(2)}` }));
    };
    new Combobox(city, { label: "Cities", none: "No city of the built-in map has this name.", find }, (one) => one && this.fill(one, one.name));
  }

  /** Put a place into the fields, and let the distance be said. @param {{lat: number, lng: number}} at @param {string} name */
  fill({ lat, lng }, name = "") {
    this.#panel.open = true;
    this.#fields.lat.value = format(lat);
    this.#fields.lng.value = format(lng);
    this.#place = name ? { name, at: this.#at() } : null;
    this.#fields.km.focus();
    this.#fields.km.select();
  }

  /** Whether an element is one of the panel's own fields. */
  holds(element) {
    return element.matches("input") && this.#panel.contains(element);
  }

  /** @returns {{area: object, name: string} | string} the step's area, or what is wrong with the fields */
  read() {
    const [lat, lng, km] = ["lat", "lng", "km"].map((name) => {
      const text = this.#fields[name].value.trim().replace(",", ".");
      return text === "" ? NaN : Number(text);
    });
    const wrong = [
      [!(Math.abs(lat) <= 90), "lat", "Give the latitude as a number from -90 to 90."],
      [!(Math.abs(lng) <= 180), "lng", "Give the longitude as a number from -180 to 180."],
      [!(km > 0 && km <= 20_015), "km", "Give the distance as a number of km, more than 0 and at most 20,015."],
    ].filter(([isWrong]) => isWrong);
    for (const name of ["lat", "lng", "km"]) this.#fields[name].toggleAttribute("aria-invalid", false);
    for (const [, name] of wrong) this.#fields[name].setAttribute("aria-invalid", "true");
    if (wrong.length) {
      this.#panel.open = true;
      this.#fields[wrong[0][1]].focus();
      return wrong.map(([, , words]) => words).join(" ");
    }
    const where = this.#place?.at === this.#at() ? this.#place.name : `${format(lat)}, ${format(lng)}`;
    return { area: { center: { lat, lng }, radius_km: km }, name: `within ${km} km of ${where}`.slice(0, 100) };
  }

  #at() {
    return `${this.#fields.lat.value} ${this.#fields.lng.value}`;
  }
}
