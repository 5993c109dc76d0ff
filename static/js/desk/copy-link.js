/** A button that copies the address of what is shown. */

/** Copies where the clipboard's interface is missing, as it is on a page without TLS. */
function copyBySelection(text) {
  const field = Object.assign(document.createElement("textarea"), { value: text, className: "hidden" });
  document.body.append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  return isDone;
}

/** Copies a text; says whether that went well. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** @param {HTMLButtonElement} button @param {(words: string) => void} say */
export function copyLink(button, say) {
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const isDone = await copied(location.href);
    button.focus();
    button.textContent = isDone ? "Copied" : "Copy it from the address bar";
    say(isDone ? "The link is copied." : button.textContent);
    setTimeout(() => (button.textContent = words), 3000);
  });
}
