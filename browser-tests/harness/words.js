// The words that somebody has to read: what a page shows before anything in it is opened.

/** The words in sight of a frame or a page, those chosen in lists among them. */
export async function wordsInSight(frame) {
  const text = await frame.locator("body").evaluate(read);
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
}

/** Runs in the page. What only a screen reader says stands in a box of one pixel; a link past the menu stands outside. */
function read(body) {
  const isSeen = (element) => {
    if (!element.checkVisibility({ visibilityProperty: true })) return false;
    if (element.getBoundingClientRect().right <= 0) return false;
    for (let at = element; at && at !== body; at = at.parentElement) {
      const isHidden = getComputedStyle(at).overflowX === "hidden" && at.clientWidth <= 1;
      if (isHidden) return false;
    }
    return true;
  };
  const found = [];
  const walk = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const holder = walk.currentNode.parentElement;
    if (!holder.closest("option, script, style, template, noscript") && isSeen(holder)) found.push(walk.currentNode.data);
  }
  for (const list of body.querySelectorAll("select")) {
    if (isSeen(list)) found.push(list.selectedOptions[0]?.text ?? "");
  }
  return found.join(" ");
}
