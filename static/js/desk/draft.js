/** A draft of the form in this tab, so that looking at a threat and coming back, or a lost session, costs nothing. */

const PREFIX = "cordon-draft-";
const FIELDS = ["title", "description", "scope"];

const keyOf = (form) => `${PREFIX}${form.dataset.person}`;

function stored(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null; // no storage in this browser, or not ours
  }
}

function store(key, draft) {
  try {
    sessionStorage.setItem(key, JSON.stringify(draft));
  } catch {
    // No storage, or it is full: the form itself still holds everything.
  }
}

/** @param {HTMLFormElement} form @param {string} selection its steps @param {boolean} sent whether it is being submitted */
export function saveDraft(form, selection, sent) {
  const fields = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name]?.value ?? ""]));
  store(keyOf(form), { selection, fields, sent });
}

/**
 * Put the draft into a form that came fresh from the server.
 *
 * @param {HTMLFormElement} form @returns {string} the steps of what was selected
 */
export function restoreDraft(form) {
  const draft = form.dataset.kept === "yes" ? null : stored(keyOf(form));
  if (!draft) return "";
  for (const name of FIELDS) if (form.elements[name] && draft.fields[name]) form.elements[name].value = draft.fields[name];
  return draft.selection ?? "";
}

/** Forget drafts that became an incident. */
export function forgetSentDrafts() {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX) && stored(key)?.sent) sessionStorage.removeItem(key);
  }
}
