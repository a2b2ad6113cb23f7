// Brings its place into the visitor's sight when it is drawn: what an address asks for may stand far down a page.

const come = new WeakSet(); // places that were brought into sight already

export default function ({ parentElement }) {
  if (come.has(parentElement)) return;
  come.add(parentElement);
  const place = document.createElement("div");
  place.style.scrollMarginTop = "8rem"; // the title above it stays in sight, below Streamlit's own bar
  parentElement.append(place);
  if (place.getBoundingClientRect().top > window.innerHeight / 2) place.scrollIntoView();
}
