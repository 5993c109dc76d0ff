/** Makes attribution text safe to put into the page. */

/**
 * Keep the text and the web links of an attribution and nothing else of its markup.
 *
 * Tile servers ask for HTML such as `&copy; <a href="...">OpenStreetMap</a> contributors`, and Leaflet sets it as HTML.
 *
 * @param {string} markup as the operator set it @returns {string} markup of text and links only
 */
export function safeAttribution(markup) {
  const source = new DOMParser().parseFromString(markup, "text/html").body;
  const safe = document.createElement("span");
  const copy = (from, to) => {
    for (const node of from.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
      else if (node.nodeType === Node.ELEMENT_NODE && !/^(script|style|template)$/i.test(node.localName)) {
        let into = to;
        if (node.localName === "a" && /^https?:\/\//i.test(node.getAttribute("href") ?? "")) {
          into = document.createElement("a");
          into.href = node.getAttribute("href");
          into.rel = "noopener noreferrer";
          to.append(into);
        }
        copy(node, into);
      }
    }
  };
  copy(source, safe);
  return safe.innerHTML;
}
