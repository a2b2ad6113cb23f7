// What a page that is presented leaves for its picture: it says --presented (pages/shared/layout.py).

/** Pixels from the top of a part to the lower edge of the screen, where its page is presented and at its beginning; else Infinity. */
function roomBelow(part) {
  const page = part.getRootNode().host?.closest('[data-testid="stMainBlockContainer"]');
  if (!page || !getComputedStyle(part).getPropertyValue("--presented")) return Infinity;
  return window.innerHeight - (part.getBoundingClientRect().top - page.getBoundingClientRect().top);
}
