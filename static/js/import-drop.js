/** Takes a file that is dropped anywhere on the page, and tells how far a file on its way is. */

const form = document.querySelector("#upload");
const input = form.elements.file;
const button = form.querySelector("button");
const sending = form.querySelector(".sending");
const bar = form.querySelector("progress");
const error = form.querySelector("#upload-error");
const MAX_BYTES = Number(form.dataset.maxMb) * 1024 * 1024;

function refuse(words) {
  button.disabled = false;
  sending.hidden = true;
  error.textContent = words;
  input.focus();
}

/** Return what the answer's page says of the file. */
function reason(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  return (page.querySelector("#error-summary li") ?? page.querySelector("#main p"))?.textContent.trim();
}

function send() {
  const file = input.files[0];
  error.textContent = "";
  if (!file) return refuse("Choose a file.");
  if (file.size > MAX_BYTES) {
    const size = Math.ceil(file.size / 1024 / 1024);
    return refuse(`The file has ${size.toLocaleString("en")} MB; at most ${form.dataset.maxMb} MB can be imported at once.`);
  }
  button.disabled = true;
  sending.hidden = false;
  bar.value = 0;
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("X-Requested-With", "fetch");
  request.upload.addEventListener("progress", ({ loaded, total }) => (bar.value = (100 * loaded) / total));
  // Sent whole: from here on the server reads it, for as long as it takes.
  request.upload.addEventListener("load", () => bar.removeAttribute("value"));
  request.addEventListener("load", () => {
    if (request.status === 201) location.assign(request.getResponseHeader("Location"));
    else refuse(reason(request.responseText) ?? "The file was refused.");
  });
  request.addEventListener("error", () => refuse("The file could not be sent. Is it a single file, and does the server answer?"));
  request.send(new FormData(form));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const mark = (isOver) => document.body.classList.toggle("is-dropping", isOver);

for (const kind of ["dragenter", "dragover"]) {
  addEventListener(kind, (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(true);
  });
}
addEventListener("dragleave", (event) => event.relatedTarget || mark(false));
addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  mark(false);
  if (button.disabled) return;
  const { files } = event.dataTransfer;
  if (files.length > 1) return refuse(`Drop one file at a time; these were ${files.length}.`);
  input.files = files;
  send();
});
// Back from the next page, the form is as it was.
addEventListener("pageshow", () => {
  button.disabled = false;
  sending.hidden = true;
});
document.body.classList.add("can-drop");
