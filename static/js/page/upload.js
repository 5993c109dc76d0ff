/** Takes files that are dropped on a page, and sends them to be imported. */

const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const mark = (isOver) => document.body.classList.toggle("is-dropping", isOver);

/** Call back with each file that is dropped anywhere on the page, or with how many there were if it was not one. */
export function takeDrops(onFiles) {
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
    onFiles(event.dataTransfer.files);
  });
}

/**
 * Send a file and go to the page that shows how it would be read.
 *
 * @param {File} file
 * @param {(percent: number|null) => void} onProgress null once it is sent whole, and the server reads it for as long as it takes
 * @param {(words: string) => void} onRefused
 */
export function upload(file, onProgress, onRefused) {
  const body = new FormData();
  body.append("csrf_token", document.querySelector('input[name="csrf_token"]').value);
  body.append("file", file);
  const request = new XMLHttpRequest();
  request.open("POST", "/imports");
  request.setRequestHeader("X-Requested-With", "fetch");
  request.upload.addEventListener("progress", ({ loaded, total }) => onProgress((100 * loaded) / total));
  request.upload.addEventListener("load", () => onProgress(null));
  request.addEventListener("load", () => {
    if (request.status === 201) location.assign(request.getResponseHeader("Location"));
    else onRefused(reason(request.responseText) ?? "The file was refused.");
  });
  request.addEventListener("error", () => onRefused("The file could not be sent. Is it one file, not too large, and does the server answer?"));
  request.send(body);
}

export const oneAtATime = (count) => `Drop one file at a time; these were ${count}.`;

/** Return what the answer's page says of the file. */
function reason(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  return (page.querySelector("#error-summary li") ?? page.querySelector("#main p"))?.textContent.trim();
}
