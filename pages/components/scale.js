// The two colour scales of the studio, as the theme of the page that a part stands in has them (core/figures/style.py).

const PLACES = {
  sequential: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => i / 9),
  diverging: [0, 0.125, 0.25, 0.375, 0.5, 0.5, 0.625, 0.75, 0.875, 1],
};

/** From a share between 0 and 1 to [red, green, blue]. kind: "sequential", or "diverging" with 0.5 for nothing. */
function colourScale(root, kind) {
  const places = PLACES[kind];
  const colours = getComputedStyle(root)
    .getPropertyValue(`--st-chart-${kind}-colors`)
    .split(",")
    .map((colour) => [1, 3, 5].map((at) => parseInt(colour.trim().slice(at, at + 2), 16)));
  return (share) => {
    const place = Math.min(Math.max(share, 0), 1);
    const above = Math.max(1, places.findIndex((stop) => stop >= place));
    const part = (place - places[above - 1]) / (places[above] - places[above - 1] || 1);
    return colours[above].map((channel, i) => Math.round(colours[above - 1][i] + part * (channel - colours[above - 1][i])));
  };
}

