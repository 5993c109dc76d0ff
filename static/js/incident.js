/** The page of one incident: its map and its list select the same threats; choosing among incidents. */
import "./page-map.js";
import "./page/clash.js";
import { Combobox, openIncidents, replaceSelect } from "./page/combobox.js";
import { middleOf } from "./page/middle.js";

const number = new Intl.NumberFormat("en");

/** The threats of the form that are selected, by rows and by the map. */
const selected = (form) =>
  new FormData(form).getAll("threat_ids").concat(form.elements.selected.value.split(" ").filter(Boolean));

for (const field of document.querySelectorAll("#threat-form [data-combobox]")) {
  const { form } = field.querySelector("select");
  replaceSelect(field, async () => (await middleOf(form, { selected: selected(form).sort().join(" ") })) || field.dataset.near);
}

/** Each incident found is one more box to tick. */
function searchToMerge(fieldset) {
  const other = document.querySelector("#merge-other");
  other.closest(".field").querySelector("label").textContent = "Find another open incident";
  other.removeAttribute("name");
  const add = (one) => {
    if (!one) return;
    other.value = "";
    let box = fieldset.querySelector(`input[value="${CSS.escape(one.id)}"]`);
    if (!box) {
      const label = document.createElement("label");
      label.className = "check";
      box = Object.assign(document.createElement("input"), { type: "checkbox", name: "incident_ids", value: one.id });
      label.append(box, Object.assign(document.createElement("span"), { textContent: one.title }));
      fieldset.append(label);
    }
    box.checked = true;
  };
  for (const id of other.value.split(" ").filter(Boolean)) add({ id, title: id });
  new Combobox(other, openIncidents(() => fieldset.dataset.near, fieldset.dataset.skip), add);
}
document.querySelectorAll("[data-merge]").forEach(searchToMerge);

/** Say how many are selected, and offer to select all. */
function count(form) {
  const boxes = [...form.querySelectorAll('input[name="threat_ids"]')];
  const all = form.querySelector("#check-all");
  if (!all) return;
  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    form.querySelector("[data-count]").textContent = `: ${number.format(selected(form).length)}`;
    all.checked = boxes.length > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  all.closest("label").hidden = false;
  form.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes) box.checked = all.checked;
    show();
  });
  show();
}
const form = document.querySelector("#threat-form");
if (form) count(form);
