/** What is selected: steps in the form's hidden field, which is the state, and what the server counts of them. */
import { Counting } from "./counting.js";
import { Refused } from "./fetching.js";

/** As many as the server takes: steps, ids in one, and bytes of a form with room for the rest of it. */
const STEPS_MAX = 100;
const IDS_MAX = 10_000;
const BYTES_MAX = 800_000;
const PAST_KEPT = 200;
const AGAIN = 5000;

/**
 * @typedef {{op: "add"|"take", ids?: string[], area?: object, filters?: object, name?: string}} Step
 * @typedef {{total: number, by_severity: Record<string, number>, of: string, issue: string,
 *   steps: {adds: boolean, words: string, change: number}[]}} Counted
 */

/** Join steps of single ids at the end, so that they stay few. What came later stands. */
function withSingles(steps, op, ids) {
  const kept = [...steps];
  const sets = { add: new Set(), take: new Set() };
  sets[op] = new Set(ids);
  while (kept.at(-1)?.ids && kept.at(-1).ids.length + sets.add.size + sets.take.size <= IDS_MAX) {
    const last = kept.pop();
    for (const id of last.ids) if (!sets.add.has(id) && !sets.take.has(id)) sets[last.op].add(id);
  }
  for (const [name, set] of Object.entries(sets)) if (set.size) kept.push({ op: name, ids: [...set] });
  return kept;
}

/** Fires `change` when the steps changed, and `counted` when it became known what they come to, or why that is not known. */
export class Selection extends EventTarget {
  #field;
  #listed;
  #counting;
  #past = [];
  #known = new Map();
  #timer = 0;
  #isFailing = false;
  /** @type {Counted | null} what the steps come to; null while the server counts */
  counted = null;
  /** How far it is counted, if that takes long. */
  progress = "";
  /** What went wrong. */
  words = "";

  /**
   * @param {HTMLFormElement} form @param {string} draft steps kept from before, for a form without any
   * @param {HTMLInputElement[]} touched checkboxes of rows that were changed since the page came
   * @param {() => string[]} listed ids of the rows on the page
   */
  constructor(form, draft, touched, listed) {
    super();
    this.#field = form.elements.selection;
    this.#listed = listed;
    this.#counting = new Counting(form.elements.csrf_token.value, ({ done, of }) => {
      this.progress = `Counting ${done} of ${of}`;
      this.dispatchEvent(new Event("counted"));
    });
    if (draft && this.isEmpty) this.#field.value = draft;
    // The form is sent as its steps alone: rows that are shown may lag behind them.
    form.addEventListener("formdata", ({ formData }) => {
      formData.delete("threat_ids");
      formData.delete("listed");
    });
    let steps = this.#steps();
    for (const box of touched) steps = withSingles(steps, box.checked ? "add" : "take", [box.value]);
    this.#field.value = JSON.stringify(steps);
    this.count();
  }

  /** @returns {string} the steps as JSON, "" for none */
  text() {
    return this.isEmpty ? "" : this.#field.value;
  }

  get isEmpty() {
    return this.#field.value === "" || this.#field.value === "[]";
  }

  get canUndo() {
    return this.#past.length > 0 || !this.isEmpty;
  }

  /** Whether a threat is selected, as far as is known. @param {string} id @param {boolean} otherwise if nothing is */
  has(id, otherwise = false) {
    return this.#known.get(id) ?? otherwise;
  }

  /**
   * Add threats, or take them away.
   *
   * @param {"add"|"take"} op @param {{ids: string[]} | {area?: object, filters?: object, name?: string}} part
   */
  apply(op, part) {
    const steps = this.#steps();
    if (!part.ids) {
      this.#set([...steps, { op, ...part }]);
      return;
    }
    const ids = this.counted ? part.ids.filter((id) => this.has(id, op !== "add") !== (op === "add")) : part.ids;
    if (ids.length === 0) return;
    // The rows say at once what was done to them; the answer says it again.
    for (const id of ids) this.#known.set(id, op === "add");
    if (!this.#set(withSingles(steps, op, ids))) this.count();
  }

  /** @param {string} id @param {boolean} isNow whether it seems to be selected, if nothing else is known */
  toggle(id, isNow = false) {
    this.apply(this.has(id, isNow) ? "take" : "add", { ids: [id] });
  }

  clear() {
    this.#known.clear();
    this.#set([]);
  }

  /** Take back the last step. What was selected before the page came has its steps, but not how they came about. */
  undo() {
    const before = this.#past.pop() ?? JSON.stringify(this.#steps().slice(0, -1));
    this.#write(before);
  }

  /** Ask the server what the steps come to, and which rows of the page are selected. */
  async count() {
    clearTimeout(this.#timer);
    const ids = this.#listed();
    if (this.isEmpty) {
      this.#counting.stop();
      this.#known.clear();
      this.#tell({ total: 0, by_severity: {}, of: "", steps: [], issue: "" });
      return;
    }
    try {
      const answer = await this.#counting.ask(this.#field.value, ids);
      if (!answer) return;
      ids.forEach((id, i) => this.#known.set(id, answer.of[i] === "1"));
      this.#tell(answer);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#refused(error);
    }
  }

  #refused(error) {
    // A step that the server can't use is given up, those that it could not count are kept.
    this.#isFailing = !error.isAboutInput;
    if (error.isAboutInput) this.undo();
    else this.#timer = setTimeout(() => this.count(), AGAIN);
    this.#say(error.message);
  }

  #steps() {
    return this.isEmpty ? [] : JSON.parse(this.#field.value);
  }

  /** @returns {boolean} whether the form can hold so much */
  #set(steps) {
    const text = JSON.stringify(steps);
    if (text === this.#field.value || (this.isEmpty && steps.length === 0)) return true;
    if (steps.length > STEPS_MAX || encodeURIComponent(text).length > BYTES_MAX) {
      this.#say("This selection has too many steps for one form. Make an incident of it, or start over with fewer.");
      return false;
    }
    this.#past.push(this.#field.value);
    if (this.#past.length > PAST_KEPT) this.#past.shift();
    this.#write(text);
    return true;
  }

  #write(text) {
    this.#field.value = text;
    this.counted = null;
    this.words = "";
    this.dispatchEvent(new Event("change"));
    this.count();
  }

  #tell(counted) {
    this.counted = counted;
    this.progress = "";
    if (this.#isFailing) this.words = "";
    this.#isFailing = false;
    this.dispatchEvent(new Event("counted"));
  }

  #say(words) {
    this.words = words;
    this.dispatchEvent(new Event("counted"));
  }
}
