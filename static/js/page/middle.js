/** Where the selected threats lie: what is near them is offered first. */

const last = { ids: "", near: "" };

/**
 * The server knows the places of all threats, drawn or not.
 *
 * @param {HTMLFormElement} form whose token goes with the question @param {Iterable<string>} ids
 * @returns {Promise<string>} "lat,lng", or "" for no place, or if it can't be told now
 */
export async function middleOf(form, ids) {
  const selected = [...ids].sort().join(" ");
  if (selected === last.ids) return last.near;
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, selected });
  try {
    const response = await fetch("/threats/middle", { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
    if (!response.ok) return "";
    const { near } = await response.json();
    return Object.assign(last, { ids: selected, near }).near;
  } catch {
    return ""; // The incidents themselves are asked for next, which says what is wrong.
  }
}
