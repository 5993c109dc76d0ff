/** Requests to our own server, of which only the latest of a kind counts. */

/** Something that the person should read. */
export class Refused extends Error {
  /** Whether what was asked can't be answered as it was asked, so that asking again is of no use. */
  isAboutInput = false;
}

/** Wait. @param {number} ms @param {AbortSignal} signal */
export function pause(ms, signal) {
  return new Promise((resume, give_up) => {
    const timer = setTimeout(resume, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      give_up(signal.reason);
    });
  });
}

/** @param {Response} response @throws {Refused} with words for the person unless it is what was asked for */
export async function refuseUnlessGood(response) {
  if (response.status === 401) throw new Refused("You are signed out. Sign in again in another tab, then go on here.");
  if (response.status === 400) throw new Refused("This page is from before you signed in again. Load it anew: what you selected and wrote is kept.");
  if (response.status === 422) throw Object.assign(new Refused((await response.json()).error), { isAboutInput: true });
  if (!response.ok) throw new Refused(`The server answered with an error (${response.status}). What you see may be old.`);
}

async function answer(address, signal, kind) {
  const response = await fetch(address, { signal, headers: { "X-Requested-With": "fetch" } });
  await refuseUnlessGood(response);
  return response[kind]();
}

/**
 * Make a function that fetches and gives up its earlier, unfinished call.
 *
 * It resolves to the body, or to null when a later call took its place. It throws Refused with words for the person.
 * @param {"json"|"text"} kind of the body @returns {(address: string) => Promise<any>}
 */
export function latestOnly(kind) {
  let running = null;
  return async (address) => {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    try {
      return await answer(address, mine.signal, kind);
    } catch (error) {
      if (mine.signal.aborted) return null;
      if (error instanceof Refused) throw error;
      throw new Refused("The server does not answer. What you see may be old.", { cause: error });
    }
  };
}
