/** A file that is dropped on the desk is a file to be imported. */
import { oneAtATime, takeDrops, upload } from "../page/upload.js";

const note = document.querySelector("#drop-note");
let isSending = false;

function say(words, isBad = false) {
  note.hidden = false;
  note.classList.toggle("bad", isBad);
  note.textContent = words;
}

takeDrops((files) => {
  if (isSending) return;
  if (files.length !== 1) return say(oneAtATime(files.length), true);
  isSending = true;
  const { name } = files[0];
  say(`Sending ${name} …`);
  upload(
    files[0],
    (percent) => say(percent === null ? `Reading ${name} …` : `Sending ${name}: ${Math.floor(percent)} %`),
    (words) => {
      isSending = false;
      say(words, true);
    },
  );
});
addEventListener("pageshow", () => {
  isSending = false;
  note.hidden = true;
});
