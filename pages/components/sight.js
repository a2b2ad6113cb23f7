// Says when its place comes into the visitor's sight: what is slow to make is made there for who looks, and for nobody else.

const watches = new WeakMap(); // place on the page → what watches it, and what it has told last

export default function ({ data, parentElement, setStateValue }) {
  const { watch: before, told } = watches.get(parentElement) ?? {};
  if (told === data) return;
  before?.disconnect();
  let place = parentElement.querySelector("div");
  if (!place) {
    place = document.createElement("div");
    place.style.height = "1px";
    parentElement.append(place);
  }
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    watches.set(parentElement, { watch, told: data });
    setStateValue("seen", data);
  });
  watches.set(parentElement, { watch, told });
  watch.observe(place);
}
