/** The button that copies a new API key; without it the key is copied from its field. */
import { copied } from "./desk/copy-link.js";

const [field, button, said] = ["key", "copy-key", "copied"].map((id) => document.getElementById(id));

button.hidden = false;
button.addEventListener("click", async () => {
  const isDone = await copied(field.value);
  if (!isDone) field.select();
  said.textContent = isDone ? "The key is copied." : "It could not be copied by itself: copy what is selected.";
});
