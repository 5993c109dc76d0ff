/** The period: two handles over a histogram of what matches. It writes into the date-time fields and reads from them. */
import { latestOnly, Refused } from "./fetching.js";
import { without } from "./filters.js";
import { made } from "./made.js";
import { Playing } from "./playing.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 24;
/** How soon to ask again, in ms, while the server reads the threats, and how long the handles have to rest. */
const AGAIN = 500;
const REST = 300;
const HOURS = { h: 1, d: 24 };

const number = new Intl.NumberFormat("en");
const minute = (time) => new Date(time).toISOString().slice(0, 16).replace("T", " ");

function bars(counts) {
  const chart = document.createElementNS(SVG, "svg");
  chart.setAttribute("viewBox", `0 0 ${counts.length} ${HEIGHT}`);
  chart.setAttribute("preserveAspectRatio", "none");
  chart.setAttribute("aria-hidden", "true");
  // By the root, for a few hours hold most: a bar of one shall be seen beside one of a thousand.
  const most = Math.sqrt(Math.max(1, ...counts));
  counts.forEach((count, i) => {
    const height = count ? Math.max(1, (Math.sqrt(count) / most) * HEIGHT) : 0;
    const bar = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ x: i + 0.08, width: 0.84, y: HEIGHT - height, height })) bar.setAttribute(name, value);
    chart.append(bar);
  });
  return chart;
}

export class Period {
  #form;
  #changed;
  #element;
  #words = made("output", { className: "period-words" });
  #chart = made("div", { className: "period-chart" });
  #from = this.#handle("Observed from");
  #to = this.#handle("Observed before");
  #playing;
  #data = null;
  #query = null;
  #timer = 0;
  #fetch = latestOnly("json");

  /** @param {HTMLFormElement} form @param {(isPlaying: boolean) => Promise<void>} changed shows what the fields say */
  constructor(form, changed) {
    this.#form = form;
    this.#changed = changed;
    this.#element = form.querySelector("#time");
    const track = made("div", { className: "period-track" }, this.#chart, this.#from, this.#to);
    this.#playing = new Playing((by) => this.#shift(by));
    this.#element.append(track, made("div", { className: "period-side" }, this.#words, this.#playing.element));
    track.addEventListener("input", () => this.#data && this.#moved());
    // Its room is taken at once, so that nothing moves when the histogram comes.
    this.#element.hidden = false;
  }

  /** Follow the list to another view. @param {string} query its query string @param {number} total how many match */
  async load(query, total) {
    const others = without(query, "observed_from", "observed_to", "within", "page", "cursor", "sort");
    if (others !== this.#query) {
      this.#query = others;
      await this.#read(others);
    }
    this.#follow(total);
  }

  /** What matches may have changed: the next call of `load` asks anew. */
  forget() {
    this.#query = null;
  }

  async #read(others) {
    try {
      const data = await this.#fetch(`/threats/histogram${others}`);
      if (!data) return;
      if (data.warming) {
        setTimeout(() => others === this.#query && this.#read(others), AGAIN);
        return;
      }
      this.#draw(data);
    } catch (error) {
      // The list says what is wrong; the fields do without the handles.
      if (!(error instanceof Refused)) throw error;
      this.#element.hidden = true;
      this.#query = null;
    }
  }

  #draw(data) {
    const start = Date.parse(data.from);
    const end = Date.parse(data.to);
    this.#data = { start, width: (end - start) / data.counts.length, counts: data.counts, undated: data.undated };
    this.#element.hidden = end <= start;
    this.#chart.replaceChildren(bars(data.counts));
    for (const handle of [this.#from, this.#to]) handle.max = String(data.counts.length);
    this.#follow(null);
  }

  /** Put the handles where the fields say. @param {number|null} total how many threats that comes to, if it is known */
  #follow(total) {
    if (!this.#data) return;
    const { within, observed_from: from, observed_to: to } = this.#form.elements;
    const [, count, unit] = /^(\d+)([hd])$/.exec(within.value) ?? [];
    const begins = Math.max(count ? Date.now() - count * HOURS[unit] * 3_600_000 : -Infinity, from.value ? Date.parse(`${from.value}Z`) : -Infinity);
    const ends = to.value ? Date.parse(`${to.value}Z`) : Infinity;
    this.#set(this.#barAt(begins, 0), this.#barAt(ends, this.#last));
    this.#say(total);
  }

  get #last() {
    return this.#data.counts.length;
  }

  #barAt(time, otherwise) {
    if (!Number.isFinite(time)) return otherwise;
    return Math.min(this.#last, Math.max(0, Math.round((time - this.#data.start) / this.#data.width)));
  }

  #handle(label) {
    return made("input", { type: "range", min: "0", max: "1", step: "1", "aria-label": label });
  }

  #set(from, to) {
    const first = Math.min(from, this.#last - 1);
    this.#from.value = String(first);
    this.#to.value = String(Math.max(to, first + 1));
    this.#paint();
  }

  /** A handle was moved: at once it is seen, and the rest follows when it rests. */
  #moved() {
    if (Number(this.#from.value) >= Number(this.#to.value)) {
      if (document.activeElement === this.#to) this.#to.value = String(Number(this.#from.value) + 1);
      else this.#from.value = String(Number(this.#to.value) - 1);
    }
    this.#playing.pause();
    this.#paint();
    this.#say(null);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#write();
      this.#changed(false);
    }, REST);
  }

  #paint() {
    const from = Number(this.#from.value);
    const to = Number(this.#to.value);
    this.#chart.querySelectorAll("rect").forEach((bar, i) => bar.classList.toggle("is-in", i >= from && i < to));
    // Where both are at one end, the one that can still move has to be on top.
    this.#from.classList.toggle("is-top", from > this.#last / 2);
    this.#from.setAttribute("aria-valuetext", from === 0 ? "the beginning" : `${minute(this.#timeOf(from))} UTC`);
    this.#to.setAttribute("aria-valuetext", to === this.#last ? "now and later" : `${minute(this.#timeOf(to))} UTC`);
  }

  #timeOf(bar) {
    const { start, width } = this.#data;
    const exact = start + bar * width;
    return width > 60_000 ? Math.round(exact / 60_000) * 60_000 : Math.round(exact / 1000) * 1000;
  }

  #fieldTime(bar) {
    return new Date(this.#timeOf(bar)).toISOString().slice(0, this.#data.width > 60_000 ? 16 : 19);
  }

  #write() {
    const { within, observed_from: from, observed_to: to } = this.#form.elements;
    within.value = "";
    from.value = this.#from.value === "0" ? "" : this.#fieldTime(Number(this.#from.value));
    to.value = Number(this.#to.value) === this.#last ? "" : this.#fieldTime(Number(this.#to.value));
  }

  /** Go on or back by bars. @returns {Promise<boolean>} false at the end */
  async #shift(by) {
    if (!this.#data) return false;
    const from = Number(this.#from.value);
    const to = Number(this.#to.value);
    const isWhole = from === 0 && to === this.#last;
    const length = isWhole ? Math.max(1, Math.round(this.#last / 10)) : to - from;
    const first = isWhole ? (by > 0 ? 0 : this.#last - length) : from + by;
    if (first < 0 || first + length > this.#last) return false;
    this.#set(first, first + length);
    this.#write();
    await this.#changed(true);
    return true;
  }

  #say(total) {
    const from = Number(this.#from.value);
    const to = Number(this.#to.value);
    const about = this.#data.counts.slice(from, to).reduce((sum, count) => sum + count, 0);
    const begin = minute(this.#timeOf(from));
    const end = minute(this.#timeOf(to));
    const period =
      from === 0 && to === this.#last ? "at any time"
      : from === 0 ? `before ${end} UTC`
      : to === this.#last ? `from ${begin} UTC on`
      : `${begin} – ${end} UTC`;
    const count = made("strong", { textContent: total === null ? `about ${number.format(about)}` : number.format(total) });
    this.#words.replaceChildren(count, " ", made("br"), period);
  }
}
