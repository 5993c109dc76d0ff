/** The desk: the form is the state; list, map and tray are views of it, and the address holds the filters. */
import { Refused } from "./desk/fetching.js";
import { areTouched, readFilters, watchFilters, writeFilters } from "./desk/filters.js";
import { restoreDraft, saveDraft } from "./desk/draft.js";
import { Joining } from "./desk/joining.js";
import { List } from "./desk/list.js";
import { Selection } from "./desk/selection.js";
import { ThreatMap } from "./desk/threat-map.js";
import { Tray } from "./desk/tray.js";

const form = document.querySelector("#desk");
const announcer = document.querySelector("#announcer");
const createButton = form.querySelector("#create");

/** What the server's page says is selected: the hidden field, and the ticked boxes. */
function selectedByForm() {
  const { selected } = form.elements;
  const ids = selected.value.split(" ").filter(Boolean);
  const ticked = [...form.querySelectorAll('input[name="threat_ids"]:checked')];
  return [
    ...ids.map((id, i) => [id, Number(selected.dataset.ranks[i])]),
    ...ticked.map((box) => [box.value, Number(box.closest("tr").dataset.rank)]),
  ];
}

const selection = new Selection([...restoreDraft(form), ...selectedByForm()]);
const list = new List(form.querySelector("#list"), selection);
const tray = new Tray(form, selection, list);
const listElement = form.querySelector("#list");
const map = new ThreatMap(form.querySelector("#map"), form.querySelector("#map-status"), selection, listElement, (bbox) => {
  form.elements.bbox.value = bbox;
  show(readFilters(form), "push");
});
if (form.querySelector("#add")) new Joining(form, selection);

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
    tray.fill();
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
  if (selection.size === 0) {
    event.preventDefault();
    tray.say("Select at least one threat.");
    form.querySelector("#selection").focus();
    return;
  }
  tray.fill();
  saveDraft(form, selection.entries(), true);
  sent = true;
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

form.addEventListener("submit", submitted);
form.addEventListener("keydown", (event) => {
  // Enter in the title means the incident, not the form's first button; in the field for an open one, that one.
  if (event.key !== "Enter" || event.defaultPrevented) return;
  const button = event.target === form.elements.title ? createButton : event.target.closest("#add input") && form.querySelector("#add-button");
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
  if (!sent) saveDraft(form, selection.entries(), false);
});
addEventListener("pageshow", () => (sent = false));
if (areTouched(form)) show(readFilters(form), "replace");
else map.load(list.view, true);
