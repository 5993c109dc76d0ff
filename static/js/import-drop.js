/** The form of the page of imports: takes a file that is dropped or chosen, and tells how far it is on its way. */
import { oneAtATime, takeDrops, upload } from "./page/upload.js";

const form = document.querySelector("#upload");
const input = form.elements.file;
const button = form.querySelector("button");
const sending = form.querySelector(".sending");
const bar = form.querySelector("progress");
const error = form.querySelector("#upload-error");
const MAX_BYTES = Number(form.dataset.maxMb) * 1024 * 1024;

function rest() {
  button.disabled = false;
  sending.hidden = true;
}

function refuse(words) {
  rest();
  error.textContent = words;
  input.focus();
}

function tell(percent) {
  if (percent === null) bar.removeAttribute("value");
  else bar.value = percent;
}

function send() {
  const file = input.files[0];
  error.textContent = "";
  if (!file) return refuse("Choose a file.");
  if (file.size > MAX_BYTES) {
    const size = Math.ceil(file.size / 1024 / 1024).toLocaleString("en");
    return refuse(`The file has ${size} MB; at most ${form.dataset.maxMb} MB can be imported at once.`);
  }
  button.disabled = true;
  sending.hidden = false;
  tell(0);
  upload(file, tell, refuse);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
takeDrops((files) => {
  if (button.disabled) return;
  if (files.length !== 1) return refuse(oneAtATime(files.length));
  input.files = files;
  send();
});
addEventListener("pageshow", rest); // back from the next page, the form is as it was
document.body.classList.add("can-drop");
