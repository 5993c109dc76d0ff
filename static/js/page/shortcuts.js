/** Keyboard shortcuts of single letters, with a sheet that tells them and can switch them off (WCAG 2.1.4). */

const KEY = "cordon-shortcuts";
const PAUSE_MS = 1200;

/** Keys, what they do in words, and the doing; a page without the thing passes over it. */
const SHORTCUTS = [
  ["g d", "to the desk", () => location.assign("/")],
  ["g i", "to the incidents", () => location.assign("/incidents")],
  ["g m", "to the imports", () => location.assign("/imports")],
  ["/", "to the search", () => focus('input[type="search"]')],
  ["c", "to the title of a new incident, or to the comment", () => focus('.tray-form [name="title"], .comment [name="body"]')],
  ["e", "edit the incident", () => open("#edit")],
  ["j", "next row", () => step(1)],
  ["k", "row before", () => step(-1)],
  ["x", "select the row", () => rowOf(document.activeElement)?.querySelector('[type="checkbox"]')?.click()],
  ["u", "undo what was just done", () => document.querySelector("#undo-last")?.click()],
  ["?", "this sheet", () => showSheet()],
];
let sheet = null;

/** The account switches them off in every browser. */
const isAllowed = document.documentElement.dataset.shortcuts !== "off";

const isOn = () => {
  if (!isAllowed) return false;
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true; // no storage in this browser
  }
};

function setOn(on) {
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // No storage: it holds until the next page.
  }
}

function focus(selector) {
  document.querySelector(selector)?.focus();
}

function open(selector) {
  const details = document.querySelector(selector);
  if (!details) return;
  details.open = true;
  details.querySelector("input:not([type=hidden]), textarea")?.focus();
}

const rowOf = (element) => element?.closest?.(".rows tbody tr, .entry") ?? null;

function step(by) {
  const rows = [...document.querySelectorAll(".rows tbody tr")];
  if (rows.length === 0) return;
  const at = rows.indexOf(rowOf(document.activeElement));
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + by));
  const target = rows[next].querySelector('[type="checkbox"], a');
  target?.focus();
  target?.scrollIntoView({ block: "nearest" });
}

function made(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function makeSheet() {
  const list = made("dl", {});
  for (const [keys, words] of SHORTCUTS) {
    const names = keys.split(" ").flatMap((key) => [made("kbd", { textContent: key }), " "]);
    list.append(made("div", {}, made("dt", {}, ...names), made("dd", { textContent: words })));
  }
  const box = made("input", { type: "checkbox", checked: isOn(), disabled: !isAllowed });
  box.addEventListener("change", () => setOn(box.checked));
  const dialog = made(
    "dialog",
    { className: "sheet", id: "shortcuts" },
    made("h2", { textContent: "Keyboard shortcuts", id: "shortcuts-title" }),
    made("label", { className: "check" }, box, made("span", { textContent: isAllowed ? "Use single-letter shortcuts in this browser" : "Your account has them off" })),
    list,
    made("p", { className: "hint" }, "On the desk: Alt+L to the list, ↓ ↑ Home End Page↓ Page↑ from row to row (with Shift selecting), Space selects, Enter opens, → to what else is in the row, Alt+T to the title."),
    made("form", { method: "dialog" }, made("button", { className: "button", textContent: "Close" })),
  );
  dialog.setAttribute("aria-labelledby", "shortcuts-title");
  document.body.append(dialog);
  return dialog;
}

function showSheet() {
  sheet ??= makeSheet();
  if (!sheet.open) sheet.showModal();
}

const isTyping = (target) =>
  target.isContentEditable || target.matches?.('textarea, select, input:not([type="checkbox"], [type="radio"], [type="button"])');

/** Listen for the shortcuts, and show the button that tells them. */
export function listenForShortcuts() {
  const button = made("button", { type: "button", className: "button quiet", textContent: "Keys" });
  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", showSheet);
  document.querySelector(".top-who")?.prepend(button);
  let first = "";
  let since = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (isTyping(event.target) || sheet?.open || !isOn()) return;
    const typed = first && Date.now() - since < PAUSE_MS ? `${first} ${event.key}` : event.key;
    first = "";
    const found = SHORTCUTS.find(([keys]) => keys === typed);
    if (found) {
      event.preventDefault();
      found[2]();
    } else if (SHORTCUTS.some(([keys]) => keys.startsWith(`${event.key} `))) {
      first = event.key;
      since = Date.now();
    }
  });
}
