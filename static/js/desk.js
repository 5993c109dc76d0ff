/** The desk: the form is the state; list, map and tray are views of it, and the address holds the filters. */
import { Refused } from "./desk/fetching.js";
import { areTouched, readFilters, watchFilters, writeFilters } from "./desk/filters.js";
import { restoreDraft, saveDraft } from "./desk/draft.js";
import { frozen } from "./desk/frozen.js";
import { Joining } from "./desk/joining.js";
import { List } from "./desk/list.js";
import { Near } from "./desk/near.js";
import { Selection } from "./desk/selection.js";
import { ThreatMap } from "./desk/threat-map.js";
import { Tray } from "./desk/tray.js";

const form = document.querySelector("#desk");
const announcer = document.querySelector("#announcer");
const createButton = form.querySelector("#create");

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

/** Rows that were ticked by someone quicker than this script, or not any more. */
function tickedBefore() {
  return [...form.querySelectorAll('input[name="threat_ids"]')].filter((box) => box.checked !== box.defaultChecked);
}

// After a form was sent the address is that of the form; it shall be that of the view.
if (form.dataset.kept === "yes") history.replaceState(null, "", `/${list.view}`);
let shown = location.search;
let sent = false;

/** Show another view of the threats. @param {string} query @param {"push"|"replace"|"none"} history how the address follows */
async function show(query, history) {
  if (history !== "none") globalThis.history[`${history}State`](null, "", `/${query}${location.hash}`);
  shown = location.search;
  map.load(query, false);
  try {
    if (!(await list.load(query))) return;
    form.elements.view.value = list.view;
    form.querySelector(".found-total").textContent = new Intl.NumberFormat("en").format(list.total);
    form.querySelector("#add-all").hidden = list.total === 0;
    announcer.textContent = form.querySelector("#list-head h2").textContent;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    announcer.textContent = error.message;
    tray.say(error.message);
  }
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
    await show(new URL(submitter.formAction).search, "push");
    list.focus();
  }
}

/** The button that Enter in a field means, rather than the form's first. */
function buttonOf(field) {
  if (field === form.elements.title) return createButton;
  if (near.holds(field)) return form.querySelector('[name="step"][value="add_near"]');
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
else map.load(list.view, true);
