/** The desk: the form is the state; list, map and tray are views of it, and the address holds the filters. */
import { Refused } from "./desk/fetching.js";
import { areTouched, readFilters, watchFilters, without, writeFilters } from "./desk/filters.js";
import { restoreDraft, saveDraft } from "./desk/draft.js";
import { frozen } from "./desk/frozen.js";
import { Joining } from "./desk/joining.js";
import { copyLink } from "./desk/copy-link.js";
import { List } from "./desk/list.js";
import { Near } from "./desk/near.js";
import { News } from "./desk/news.js";
import { Period } from "./desk/period.js";
import { Proposals } from "./desk/proposals.js";
import { Selection } from "./desk/selection.js";
import { ThreatMap } from "./desk/threat-map.js";
import { Tray } from "./desk/tray.js";

const form = document.querySelector("#desk");
const announcer = document.querySelector("#announcer");
const createButton = form.querySelector("#create");
/** How long the list may take, in ms, before it is said that it is still being read. */
const SLOW = 2000;
/** How soon to ask again, in ms, after the server did not answer. */
const AGAIN = 5000;

const listElement = form.querySelector("#list");
const rowsHere = () => [...listElement.querySelectorAll('input[name="threat_ids"]')].map((box) => box.value);
const selection = new Selection(form, restoreDraft(form), tickedBefore(), rowsHere);
const list = new List(listElement, selection);
const tray = new Tray(form, selection, list);
const mapElement = form.querySelector("#map");
const near = new Near(form, `${mapElement.dataset.basemapUrl}places.json`);
const map = new ThreatMap(mapElement, form.querySelector("#map-status"), selection, listElement, {
  listInside(bbox) {
    form.elements.bbox.value = bbox;
    show(readFilters(form), "push");
  },
  near: (place) => near.fill(place),
});
if (form.querySelector("#add")) new Joining(form, selection);
const period = new Period(form, (isPlaying) => show(readFilters(form), isPlaying ? "replace" : "push"));
const proposals = new Proposals(form.querySelector("#proposals-button"), document.querySelector("#proposals"));
const newsButton = form.querySelector("#news");
const news = new News(newsButton, say, () => {
  announcer.textContent = `${newsButton.textContent} since the list was read.`;
  proposals.load();
});
newsButton.addEventListener("click", insert);
copyLink(form.querySelector("#copy-link"), (words) => (announcer.textContent = words));

/** Rows that were ticked by someone quicker than this script, or not any more. */
function tickedBefore() {
  return [...form.querySelectorAll('input[name="threat_ids"]')].filter((box) => box.checked !== box.defaultChecked);
}

// After a form was sent the address is that of the form; it shall be that of the view.
if (form.dataset.kept === "yes") history.replaceState(null, "", `/${list.view}${location.hash}`);
let shown = location.search;
let sent = false;
let again = 0;

/** Say what stands in the way of the list, or nothing any more. */
function say(words) {
  const status = form.querySelector("#list-status");
  if (status.textContent !== words) status.textContent = words;
}

/** The list was read: what goes with it follows. */
function settle() {
  form.elements.view.value = list.view;
  form.querySelector(".found-total").textContent = new Intl.NumberFormat("en").format(list.total);
  form.querySelector("#add-all").hidden = list.total === 0;
  news.restart(list.view, list.readAt);
  return period.load(list.view, list.total);
}

/**
 * Have the list read, and say in words what it waits for; a server that does not answer is asked again.
 *
 * @param {string} query @param {boolean} stays whether the rows stay where they are @param {() => Promise<void>} follow is called
 *   once the list shows what was asked for
 */
async function read(query, stays, follow) {
  clearTimeout(again);
  const slow = setTimeout(() => say("Still reading the list…"), SLOW);
  try {
    if (!(await list.load(query, stays))) return;
    say("");
    announcer.textContent = form.querySelector("#list-head h2").textContent;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message);
    if (!error.isAboutInput) again = setTimeout(read, AGAIN, query, stays, follow);
    return;
  } finally {
    clearTimeout(slow);
  }
  await follow();
}

/** Show another view of the threats. @param {string} wanted query @param {"push"|"replace"|"none"} history how the address follows */
async function show(wanted, history) {
  // For who has a view of their own that the desk opens with, an address without any filter is that view.
  const query = wanted || form.dataset.everything;
  if (history !== "none") globalThis.history[`${history}State`](null, "", `/${query}${location.hash}`);
  shown = location.search;
  map.load(query, false);
  await read(query, false, settle);
}

/** Show what came in since the list was read, without moving what is looked at. */
async function insert() {
  const query = without(list.view, "page", "cursor");
  await read(query, true, () => {
    map.refresh();
    period.forget();
    return settle();
  });
}

/** Whether a button of the form acts on the selection, rather than changing what the desk shows. */
const acts = (button) => button === createButton || button?.formAction.endsWith("/incidents/link");

function create(event) {
  const objection = tray.objection();
  if (objection) {
    event.preventDefault();
    tray.say(objection);
    form.querySelector("#selection").focus();
    return;
  }
  saveDraft(form, selection.text(), true);
  sent = true;
}

/** Select as a button of the tray says: near the place in its fields, or all that match. */
function select(value) {
  const [op, what] = value.split("_");
  const part = what === "near" ? near.read() : {};
  if (typeof part === "string") tray.say(part);
  else selection.apply(op, { ...part, filters: frozen(list.view) });
}

async function submitted(event) {
  const { submitter } = event;
  if (!submitter || acts(submitter)) {
    create(event);
    return;
  }
  if (submitter.name === "view_act") {
    form.elements.view_place.value = location.hash.slice(1);
    return;
  }
  event.preventDefault();
  if (submitter.name === "clear") {
    selection.clear();
  } else if (submitter.name === "undo") {
    selection.undo();
  } else if (submitter.name === "step") {
    select(submitter.value);
  } else if (submitter.name === "near_threat") {
    const { lat, lng } = submitter.closest("tr").dataset;
    near.fill({ lat: Number(lat), lng: Number(lng) });
  } else if (submitter.name === "reset") {
    writeFilters(form, "");
    await show("", "push");
  } else if (submitter.name === "apply") {
    await show(readFilters(form), "push");
  } else {
    const { search } = new URL(submitter.formAction);
    // The pages are those of the list, which may be older than the fields while the server does not answer.
    writeFilters(form, search);
    await show(search, "push");
    list.focus();
  }
}

/** The button that Enter in a field means, rather than the form's first. */
function buttonOf(field) {
  if (field === form.elements.title) return createButton;
  if (near.holds(field)) return form.querySelector('[name="step"][value="add_near"]');
  if (field.id === "view_name") return form.querySelector("#save-view");
  if (field.closest(".views-acts input")) return field.closest(".views-acts").querySelector('[value^="rename"]');
  return field.closest("#add input") && form.querySelector("#add-button");
}

form.addEventListener("submit", submitted);
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.defaultPrevented) return;
  const button = buttonOf(event.target);
  if (!button) return;
  event.preventDefault();
  form.requestSubmit(button);
});
addEventListener("keydown", (event) => {
  // AltGr, with which some keyboards type letters, is not Alt.
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.getModifierState("AltGraph")) return;
  const go = { KeyL: () => list.focus(), KeyT: () => form.elements.title?.focus() }[event.code];
  if (!go) return;
  event.preventDefault();
  go();
});
watchFilters(form, (typing) => show(readFilters(form), typing ? "replace" : "push"));
addEventListener("popstate", () => {
  // A link within the page, such as those of the error summary, comes by here too.
  if (location.search === shown) return;
  writeFilters(form, location.search);
  show(location.search, "none");
});
addEventListener("pagehide", () => {
  if (!sent) saveDraft(form, selection.text(), false);
});
addEventListener("pageshow", () => (sent = false));
if (areTouched(form)) show(readFilters(form), "replace");
else {
  map.load(list.view, true);
  settle();
}
proposals.load();
