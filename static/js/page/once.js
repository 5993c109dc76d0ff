/** A button that was pressed rests until the answer comes, so that a double click is one click. */

/** A cancelled submit says nothing to the page, so a form rests no longer than this. */
const REST_MS = 10_000;
const resting = new Set();

function free(form) {
  for (const button of form.querySelectorAll("button:disabled")) button.disabled = false;
  resting.delete(form);
}

/** Let every form that posts be sent once at a time. The server holds to it too, for those without this script. */
export function sendOnce() {
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || (submitter?.formMethod || form.method) !== "post") return;
    if (resting.has(form)) {
      event.preventDefault();
      return;
    }
    resting.add(form);
    // The request is made after this handler, with the button as it is now: a disabled one would not be sent.
    if (submitter) setTimeout(() => (submitter.disabled = true), 0);
    setTimeout(free, REST_MS, form);
  });
  addEventListener("pageshow", () => {
    for (const form of resting) free(form);
  });
}
