/** Lets long work be done in slices, between which the page answers the person. */

/** Give the page a turn when a slice of work has taken this many milliseconds. */
const SLICE = 8;

/** @returns {() => Promise<void>} to be awaited between pieces of work */
export function makeBreather() {
  let started = performance.now();
  return async () => {
    if (performance.now() - started < SLICE) return;
    await new Promise((resume) => setTimeout(resume, 0));
    started = performance.now();
  };
}
