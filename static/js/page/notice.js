/** The notice after an act: shown for a while, longer for those who point at it or have the focus in it. */
import { forgetSentDrafts } from "../desk/draft.js";

const SHOWN_MS = 10_000;

function time(notice) {
  notice.classList.add("is-passing");
  let left = SHOWN_MS;
  let since = 0;
  let timer = 0;
  const go = () => {
    if (timer || notice.matches(":hover, :focus-within")) return;
    since = Date.now();
    timer = setTimeout(() => (notice.hidden = true), left);
  };
  const pause = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = 0;
    left = Math.max(1000, left - (Date.now() - since));
  };
  for (const type of ["pointerenter", "focusin"]) notice.addEventListener(type, pause);
  for (const type of ["pointerleave", "focusout"]) notice.addEventListener(type, () => setTimeout(go, 0));
  go();
}

/** Start the time of the notices on the page, and forget drafts that became what they tell of. */
export function timeNotices() {
  if (document.querySelector("[data-incident-made]")) forgetSentDrafts();
  document.querySelectorAll("[data-notice]").forEach(time);
}
