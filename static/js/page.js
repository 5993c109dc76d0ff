/** What every page has: forms that are sent once, notices that go away by themselves, keyboard shortcuts. */
import { sendOnce } from "./page/once.js";
import { timeNotices } from "./page/notice.js";
import { listenForShortcuts } from "./page/shortcuts.js";

sendOnce();
timeNotices();
listenForShortcuts();
(document.querySelector("#trouble") ?? document.querySelector("#error-summary"))?.focus();
