/** The filters: fields of the form on one side, the query string of the address on the other. */

const NAMES = [
  "q", "within", "severity", "status", "threat_type", "source", "location_country",
  "observed_from", "observed_to", "arrived_from", "bbox", "incident_id", "ungrouped", "new", "sort",
];

const fieldsOf = (form) => [...form.elements].filter((field) => NAMES.includes(field.name));
const isCheck = (field) => field.type === "checkbox";

/** @param {HTMLFormElement} form @returns {string} "" or "?…", in a fixed order and without a page */
export function readFilters(form) {
  const query = new URLSearchParams();
  const fields = fieldsOf(form);
  for (const name of NAMES) {
    for (const field of fields) {
      if (field.name !== name || field.value === "" || (isCheck(field) && !field.checked)) continue;
      // The field's label says UTC; the address says it too.
      query.append(name, field.type === "datetime-local" ? `${field.value}Z` : field.value);
    }
  }
  return asText(query);
}

/** Make the fields say what the address says. @param {HTMLFormElement} form @param {string} text query string */
export function writeFilters(form, text) {
  const query = new URLSearchParams(text);
  for (const field of fieldsOf(form)) {
    const values = query.getAll(field.name);
    if (isCheck(field)) field.checked = values.includes(field.value);
    else if (field.type === "datetime-local") field.value = (values[0] ?? "").replace(/(:00)?(\.\d+)?(Z|\+00:00)$/, "");
    else field.value = values[0] ?? "";
    // An order that is said and is the usual one anyway has no option of its own.
    if (field.selectedIndex === -1) field.selectedIndex = 0;
  }
}

/** What a field said when the page came; a list without a chosen option says its first one. */
function valueAsSent(field) {
  if (!field.options) return field.defaultValue;
  return ([...field.options].find((option) => option.defaultSelected) ?? field.options[0]).value;
}

/** Whether a filter was changed since the page came, as by someone quicker than this script, or by the browser itself. */
export function areTouched(form) {
  return fieldsOf(form).some((field) =>
    isCheck(field) ? field.checked !== field.defaultChecked : field.value !== valueAsSent(field),
  );
}

/** @param {string} text query string @param {...string} names to leave out @returns {string} */
export function without(text, ...names) {
  const query = new URLSearchParams(text);
  for (const name of names) query.delete(name);
  return asText(query);
}

/** @param {string} text query string @returns {string} with one more parameter */
export function withParameter(text, name, value) {
  const query = new URLSearchParams(text);
  query.append(name, value);
  return asText(query);
}

/**
 * Call back when a filter was changed: at once for choices, after a pause for typing.
 *
 * @param {HTMLFormElement} form @param {(typing: boolean) => void} changed `typing` says that it goes on with what was typed before
 */
export function watchFilters(form, changed) {
  let pause = 0;
  let isTyping = false;
  form.addEventListener("input", (event) => {
    if (event.target.name !== "q") return;
    clearTimeout(pause);
    pause = setTimeout(() => {
      changed(isTyping);
      isTyping = true;
    }, 300);
  });
  form.addEventListener("focusout", () => (isTyping = false));
  form.addEventListener("change", (event) => {
    if (!NAMES.includes(event.target.name) || event.target.name === "q") return;
    clearTimeout(pause);
    changed(false);
  });
}

function asText(query) {
  const text = query.toString();
  return text ? `?${text}` : "";
}
