/** Two people at one form: keeping one's own text or the other's is done in place, without asking the server. */
document.querySelector(".clash")?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-keep]");
  if (!button) return;
  event.preventDefault();
  const { keep, text } = button.dataset;
  const field = button.form.elements[keep];
  field.value = text;
  for (const other of button.closest("div").querySelectorAll("[data-keep]")) other.setAttribute("aria-pressed", String(other === button));
});
