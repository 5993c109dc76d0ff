/** Where the selected threats lie: what is near them is offered first. */

const last = { asked: "", near: "" };

/**
 * The server knows the places of all threats, drawn or not.
 *
 * @param {HTMLFormElement} form whose token goes with the question
 * @param {{selection: string} | {selected: string}} what the desk's steps as JSON, or ids parted by spaces
 * @returns {Promise<string>} "lat,lng", or "" for no place, or if it can't be told now
 */
export async function middleOf(form, what) {
  const asked = JSON.stringify(what);
  if (asked === last.asked) return last.near;
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, ...what });
  try {
    const response = await fetch("/threats/middle", { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
    if (response.status !== 200) return "";
    const { near } = await response.json();
    return Object.assign(last, { asked, near }).near;
  } catch {
    return ""; // The incidents themselves are asked for next, which says what is wrong.
  }
}
