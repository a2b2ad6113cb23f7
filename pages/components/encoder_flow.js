// One layer of the encoder as a picture to walk through. It draws what it is sent and asks the server for nothing while
// somebody points at it. Everything that comes from a text is written with textContent.

const views = new WeakMap();
const HEADER = 60; // pixels of the navigation above every page
const LOWEST = 52; // pixels of a map

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  let view = views.get(parentElement);
  if (!view) {
    view = new View(parentElement);
    views.set(parentElement, view);
  }
  view.send = setTriggerValue;
  view.show(unpack(data));
  return () => {
    view.close();
    views.delete(parentElement);
  };
}

/** The note and the buffer its offsets point into. */
function unpack(bytes) {
  const buffer = bytes.slice().buffer;
  const length = new DataView(buffer).getUint32(0, true);
  const note = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const start = 4 + length;
  for (const box of note.boxes) read(box, box, note, buffer, start);
  note.ahead = Object.fromEntries(
    Object.entries(note.ahead).map(([head, found]) => [
      head,
      note.boxes.map((box) => (found[box.id] ? read({ ...box }, found[box.id], note, buffer, start) : box)),
    ]),
  );
  const { at, count, rows, columns } = note.thumbs;
  note.pictures = new Uint8Array(buffer, start + at, count * rows * columns);
  return note;
}

/** Put the numbers that `content` points at into a box. */
function read(box, content, note, buffer, start) {
  const { map, numbers, links } = content;
  const count = map.rows * map.columns;
  box.map = map;
  box.dots =
    map.type === "f2"
      ? halves(new Uint16Array(buffer, start + map.at, count))
      : bytes(new Int8Array(buffer, start + map.at, count), map.top);
  box.wide = note.first + 5;
  box.rows = new Float32Array(buffer, start + numbers, box.shape[0] * box.wide);
  if (links) {
    const most = box.shape[0] * links.count;
    box.links = links;
    box.where = new Int16Array(buffer, start + links.where, most);
    box.best = new Float32Array(buffer, start + links.values, most);
  }
  return box;
}

/** The number of each of the 65,536 half precision words (IEEE 754). */
let HALVES;

function half(word) {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 31;
  const part = word & 1023;
  if (exponent === 31) return part ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + part / 1024) : (2 ** -14 * part) / 1024);
}

/** Half precision words to numbers. */
function halves(words) {
  HALVES ??= Float32Array.from({ length: 65536 }, (nothing, word) => half(word));
  const made = new Float32Array(words.length);
  for (let k = 0; k < words.length; k++) made[k] = HALVES[words[k]];
  return made;
}

/** Bytes to numbers: the finer the nearer to zero, `top` at ±127. */
function bytes(words, top) {
  const scale = top / 16129;
  const made = new Float32Array(words.length);
  for (let k = 0; k < words.length; k++) made[k] = words[k] * Math.abs(words[k]) * scale;
  return made;
}

/** The size that 99 in 100 of some numbers do not exceed, rounded up by a thousandth of the largest: sorting them all took longer than drawing. */
function usual(numbers) {
  let most = 0;
  for (let k = 0; k < numbers.length; k++) most = Math.max(most, Math.abs(numbers[k]));
  if (!(most > 0 && Number.isFinite(most))) return most;
  const counts = new Uint32Array(1001);
  for (let k = 0; k < numbers.length; k++) counts[Math.ceil((1000 * Math.abs(numbers[k])) / most)]++;
  let left = Math.floor(0.99 * (numbers.length - 1)) + 1;
  let step = 0;
  while (left > counts[step]) left -= counts[step++];
  return (most * step) / 1000;
}

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

function number(value, digits = 3) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const written = size !== 0 && (size < 0.001 || size >= 100000) ? value.toExponential(1) : value.toFixed(size >= 100 ? 1 : digits);
  return written.replace("-", "−");
}

/** A formula on one line: _x lowers, ^x raises. */
function formula(text) {
  const made = element("span", "formula");
  let rest = text;
  while (rest) {
    const found = /[_^]([^\s_^=+·/[\](),]+)/.exec(rest);
    if (!found) {
      made.append(rest);
      break;
    }
    made.append(rest.slice(0, found.index), element(found[0][0] === "_" ? "sub" : "sup", "", found[1]));
    rest = rest.slice(found.index + found[0].length);
  }
  return made;
}

/** Of the values that share a dot on the screen, the one farthest from zero. */
function squeeze(dots, rows, columns, tall, wide) {
  if (tall >= rows && wide >= columns) return { dots, rows, columns };
  const height = Math.min(rows, tall);
  const width = Math.min(columns, wide);
  const made = new Float32Array(height * width);
  for (let r = 0; r < rows; r++) {
    const row = Math.floor((r * height) / rows) * width;
    for (let c = 0; c < columns; c++) {
      const place = row + Math.floor((c * width) / columns);
      const value = dots[r * columns + c];
      if (Math.abs(value) > Math.abs(made[place])) made[place] = value;
    }
  }
  return { dots: made, rows: height, columns: width };
}

class View {
  constructor(parent) {
    this.root = element("section", "flow");
    this.root.tabIndex = 0;
    this.bar = element("div", "bar");
    this.scroller = element("div", "scroller");
    this.stage = element("div", "stage");
    this.wires = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.wires.setAttribute("aria-hidden", "true");
    this.stage.append(this.wires);
    this.scroller.append(this.stage);
    this.inspector = element("div", "inspector");
    this.inspector.setAttribute("aria-live", "polite");
    this.legend = element("div", "legend");
    this.root.append(this.bar, this.scroller, this.inspector, this.legend);
    parent.append(this.root);
    this.hover = { box: null, row: null, column: null, head: null };
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("pointermove", (event) => this.follow(event));
    this.root.addEventListener("pointerleave", () => {
      this.root.classList.remove("pointing");
      this.point({ box: null, row: null, column: null, head: null });
    });
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.root);
    this.resized = () => this.fit();
    window.addEventListener("resize", this.resized); // its height counts where the page is presented
  }

  close() {
    this.observer.disconnect();
    window.removeEventListener("resize", this.resized);
    this.root.remove();
  }

  show(note) {
    const focused = this.root.getRootNode().activeElement;
    const mark = focused && this.root.contains(focused) ? focused.dataset.focus : undefined;
    this.note = note;
    this.wanted = { layer: note.layer, head: note.head };
    this.byId = Object.fromEntries(note.boxes.map((box) => [box.id, box]));
    this.dark = this.isDark();
    this.weight = colourScale(this.root, "sequential");
    this.sign = colourScale(this.root, "diverging");
    this.root.classList.remove("waiting");
    this.root.setAttribute("aria-label", `${note.words.label}. ${note.words.keys}`);
    if (this.hover.box && !this.byId[this.hover.box]) this.hover = { box: null, row: null, column: null, head: null };
    if (this.hover.row >= note.tokens.length) this.hover.row = null;
    if (this.hover.column >= note.tokens.length) this.hover.column = null;
    this.drawBar();
    this.drawColumns();
    this.drawLegend();
    this.fit();
    if (mark) this.root.querySelector(`[data-focus="${mark}"]`)?.focus({ preventScroll: true });
  }

  isDark() {
    const probe = element("span");
    probe.style.color = "var(--st-background-color)";
    this.root.append(probe);
    const parts = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
    probe.remove();
    return parts[0] + parts[1] + parts[2] < 384;
  }

  /* ---- layers and heads ---- */

  drawBar() {
    const { note } = this;
    const { words } = note;
    const layers = element("div", "group");
    layers.append(element("span", "name", words.layer));
    const rail = element("div", "rail");
    for (let i = 0; i < note.layers; i++) {
      const button = element("button", i === note.layer ? "step on" : "step", String(i + 1));
      button.dataset.focus = `layer-${i}`;
      button.setAttribute("aria-label", fill(words.layer_n, { n: i + 1 }));
      button.setAttribute("aria-pressed", String(i === note.layer));
      button.onclick = () => this.go(i, this.wanted.head);
      rail.append(button);
    }
    const back = element("button", "arrow", "‹");
    const forth = element("button", "arrow", "›");
    back.dataset.focus = "back";
    forth.dataset.focus = "forth";
    back.setAttribute("aria-label", words.previous_layer);
    forth.setAttribute("aria-label", words.next_layer);
    back.disabled = note.layer === 0;
    forth.disabled = note.layer === note.layers - 1;
    back.onclick = () => this.go(this.wanted.layer - 1, this.wanted.head);
    forth.onclick = () => this.go(this.wanted.layer + 1, this.wanted.head);
    layers.append(back, rail, forth);

    const heads = element("div", "group heads");
    heads.append(element("span", "name", words.head));
    const { rows, columns } = note.thumbs;
    const row = element("div", "rail");
    for (let i = 0; i < note.heads; i++) {
      const button = element("button", i === note.head ? "thumb on" : "thumb");
      button.dataset.focus = `head-${i}`;
      button.setAttribute("aria-label", fill(words.head_n, { n: i + 1 }));
      button.setAttribute("aria-pressed", String(i === note.head));
      const canvas = element("canvas");
      canvas.width = columns;
      canvas.height = rows;
      const image = new ImageData(columns, rows);
      for (let k = 0; k < rows * columns; k++)
        image.data.set([...this.weight(note.pictures[i * rows * columns + k] / 255), 255], 4 * k);
      canvas.getContext("2d").putImageData(image, 0, 0);
      button.append(canvas, element("small", "", String(i + 1)));
      button.onclick = () => this.go(this.wanted.layer, i);
      button.onpointerenter = () => this.point({ ...this.hover, head: i });
      button.onpointerleave = () => this.point({ ...this.hover, head: null });
      row.append(button);
    }
    heads.append(row);
    this.bar.replaceChildren(layers, heads, element("div", "keys", words.keys));
  }

  go(layer, head) {
    const { note } = this;
    const next = {
      layer: Math.min(Math.max(layer, 0), note.layers - 1),
      head: Math.min(Math.max(head, 0), note.heads - 1),
    };
    if (next.layer === this.wanted.layer && next.head === this.wanted.head) return;
    const there = next.layer === note.layer ? note.ahead[next.head] : undefined;
    if (there) this.show({ ...note, head: next.head, boxes: there, ahead: {} });
    else this.root.classList.add("waiting");
    this.wanted = next;
    this.send("step", next);
  }

  choose(box, token) {
    this.send("choose", { box, token });
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const list = event.target.closest(".tokens");
    const { layer, head } = this.wanted;
    if (list && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      const now = this.hover.row ?? this.note.token;
      const row = Math.min(Math.max(now + (event.key === "ArrowUp" ? -1 : 1), 0), this.note.tokens.length - 1);
      this.point({ box: null, row, column: null, head: null });
      this.reveal(row);
    } else if (list && event.key === "Enter") this.choose(this.note.chosen, this.hover.row ?? this.note.token);
    else if (event.key === "ArrowLeft") this.go(layer - 1, head);
    else if (event.key === "ArrowRight") this.go(layer + 1, head);
    else if (event.key === "ArrowUp") this.go(layer, head - 1);
    else if (event.key === "ArrowDown") this.go(layer, head + 1);
    else return;
    event.preventDefault();
  }

  /* ---- the picture ---- */

  drawColumns() {
    const { note } = this;
    const wanted = note.columns
      .map((title, i) => ({ title, i, boxes: note.boxes.filter((box) => box.column === i) }))
      .filter((column) => column.boxes.length);
    this.stage.replaceChildren(this.wires);
    this.stage.style.setProperty("--count", wanted.length);
    const written = note.tokens.map((token) => `${token.id} ${token.text}`).join("\n");
    if (this.written !== written) {
      this.lists = [this.tokenList("in"), this.tokenList("out")];
      this.marked = new Set();
    }
    this.written = written;
    note.kept.forEach((share, i) => {
      const kept = this.lists[1].children[i].lastChild;
      kept.style.setProperty("--share", Math.max(0, share));
      kept.title = `${note.words.kept}: ${number(share)}`;
    });
    this.stage.append(this.column(note.words.tokens_in, [this.lists[0]], "ends"));
    this.frames = {};
    for (const { title, boxes } of wanted)
      this.stage.append(this.column(title, boxes.map((box) => this.frame(box)), boxes[0].column === 8 ? "above" : ""));
    const above = this.stage.querySelector(".above");
    const out = this.column(note.words.tokens_out, [this.lists[1]], "ends");
    this.stage.insertBefore(out, above);
  }

  column(title, parts, kind) {
    const made = element("div", `column ${kind}`);
    const body = element("div", "body");
    body.append(...parts);
    made.append(element("div", "caption", title), body);
    return made;
  }

  tokenList(side) {
    const { note } = this;
    const list = element("div", `tokens ${side}`);
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", side === "in" ? note.words.tokens_in : note.words.tokens_out);
    list.tabIndex = 0;
    list.dataset.focus = `tokens-${side}`;
    note.tokens.forEach((token, i) => {
      const row = element("div", `token ${token.kind}`);
      row.setAttribute("role", "option");
      row.dataset.row = i;
      row.append(element("b", "", token.text));
      if (side === "out") row.append(element("i", "kept"));
      list.append(row);
    });
    const rowOf = (event) => {
      const row = event.target.closest(".token");
      return row ? Number(row.dataset.row) : null;
    };
    list.onpointermove = (event) => this.point({ box: null, row: rowOf(event), column: null, head: null });
    list.onclick = (event) => rowOf(event) !== null && this.choose(this.note.chosen, rowOf(event));
    return list;
  }

  frame(box) {
    const { note } = this;
    const frame = element("div", box.id === note.chosen ? "box chosen" : "box");
    frame.tabIndex = 0;
    frame.setAttribute("role", "button");
    frame.dataset.focus = `box-${box.id}`;
    frame.dataset.box = box.id;
    frame.setAttribute("aria-label", `${box.title}. ${box.says} ${note.words.shape} ${box.shape.join(" × ")}`);
    const head = element("div", "title");
    const name = element("span", "what");
    name.append(formula(box.sign), ` ${box.title}`);
    head.append(name);
    const map = element("div", box.vector ? "map thin" : "map");
    const canvas = element("canvas");
    const row = element("i", "row");
    const column = element("i", "key");
    const slice = element("i", "slice");
    map.append(canvas, row, column, slice);
    frame.append(head, map);
    map.onpointermove = (event) => {
      const area = map.getBoundingClientRect();
      const across = Math.min(Math.max((event.clientX - area.left) / area.width, 0), 0.9999);
      const down = Math.min(Math.max((event.clientY - area.top) / area.height, 0), 0.9999);
      const at = Math.floor(across * box.shape[1]);
      this.point({ box: box.id, row: box.vector ? null : Math.floor(down * box.shape[0]), column: at, head: null });
    };
    frame.onpointerenter = () => this.point({ ...this.hover, box: box.id, head: null });
    frame.onpointerleave = () => this.point({ box: null, row: null, column: null, head: null });
    frame.onfocus = () => frame.matches(":focus-visible") && this.point({ ...this.hover, box: box.id, head: null });
    frame.onclick = () => this.choose(box.id, this.hover.row ?? note.token);
    frame.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.choose(box.id, this.hover.row ?? note.token);
    };
    this.frames[box.id] = { box, frame, map, canvas, row, column, slice };
    return frame;
  }

  fit() {
    if (!this.note) return;
    const count = this.note.tokens.length;
    const usual = count > 60 ? 176 : Math.max(LOWEST, Math.min(150, count * 12));
    this.stage.style.setProperty("--tall", `${usual}px`);
    const bodies = [...this.stage.querySelectorAll(".column:not(.ends) .body")];
    this.stage.style.setProperty("--tall", `${Math.max(LOWEST, Math.min(usual, this.tallest(bodies, usual)))}px`);
    const parts = Object.values(this.frames);
    const sizes = parts.map(({ map }) => [map.clientWidth, map.clientHeight]); // all before the first is painted: that moves them
    parts.forEach((part, i) => this.paint(part, ...sizes[i]));
    this.stage.style.setProperty("--list", `${Math.max(...bodies.map((body) => this.filled(body)))}px`);
    this.wire();
    this.mark();
    this.inspect();
  }

  /** How tall a map may be so that the picture is whole on the screen of a page that is presented. tall: what the maps are now. */
  tallest(bodies, tall) {
    const room = roomBelow(this.stage);
    if (room === Infinity) return Infinity;
    const edge = this.stage.getBoundingClientRect().top;
    return Math.min(
      ...bodies.map((body) => {
        const maps = body.querySelectorAll(".map:not(.thin)").length;
        const above = body.getBoundingClientRect().top - edge;
        return Math.floor((room - above - this.filled(body)) / maps) + tall;
      }),
    );
  }

  /** How tall the boxes of a column are, with what is left free between and around them. */
  filled(body) {
    const [gap, top, bottom] = ["rowGap", "paddingTop", "paddingBottom"].map((name) => parseFloat(getComputedStyle(body)[name]));
    return [...body.children].reduce((sum, child) => sum + child.offsetHeight + gap, top + bottom - gap);
  }

  paint({ box, canvas }, wide, tall) {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(wide * ratio));
    const height = Math.max(1, Math.round(tall * ratio));
    const { dots, rows, columns } = squeeze(box.dots, box.map.rows, box.map.columns, height, width);
    canvas.width = columns;
    canvas.height = rows;
    box.strength = usual(dots) || 1;
    const image = new ImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    const colours = this.colours(box.kind);
    const middle = (colours.length - 1) / 2;
    for (let k = 0; k < dots.length; k++) {
      const share = box.kind === "values" ? Math.max(-1, Math.min(1, dots[k] / box.strength)) : 2 * Math.min(Math.max(dots[k], 0), 1) - 1;
      pixels[k] = colours[Math.round(middle * (1 + share))];
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /** 511 colours from the lowest to the highest value, as pixels. */
  colours(kind) {
    const name = `${kind} ${this.dark}`;
    this.ramps ??= {};
    if (this.ramps[name]) return this.ramps[name];
    const bytes = new Uint8ClampedArray(4 * 511);
    for (let k = 0; k < 511; k++) {
      if (kind === "weights") bytes.set([...this.weight(Math.sqrt(k / 510)), 255], 4 * k);
      else if (kind === "mask") bytes.set(k ? [128, 128, 128, 110] : [213, 94, 0, 255], 4 * k);
      else bytes.set([...this.sign(k / 510), 255], 4 * k);
    }
    this.ramps[name] = new Uint32Array(bytes.buffer);
    return this.ramps[name];
  }

  tint(value) {
    return this.sign(value < 0 ? 0 : 1);
  }

  /* ---- lines between boxes ---- */

  wire() {
    const area = this.stage.getBoundingClientRect();
    this.wires.setAttribute("width", this.stage.scrollWidth);
    this.wires.setAttribute("height", this.stage.scrollHeight);
    const at = (id) => {
      const box = this.frames[id].map.getBoundingClientRect();
      const frame = this.frames[id].frame.getBoundingClientRect();
      return {
        left: box.left - area.left, right: box.right - area.left, top: frame.top - area.top,
        bottom: frame.bottom - area.top, middle: (box.top + box.bottom) / 2 - area.top, centre: (box.left + box.right) / 2 - area.left,
      };
    };
    this.places = Object.fromEntries(this.note.boxes.map((box) => [box.id, at(box.id)]));
    const paths = [];
    for (const box of this.note.boxes)
      for (const from of box.inputs) paths.push(this.path(from, box, this.places[from], this.places[box.id]));
    this.wires.replaceChildren(...paths);
  }

  path(from, box, a, b) {
    const source = this.byId[from];
    const far = box.column - source.column > 1 && (box.id === "attention.residual" || box.id === "output.residual");
    let line;
    if (far && box.id === "attention.residual") {
      const up = this.stage.querySelector(".caption").offsetHeight;
      const r = 9;
      line = `M${a.centre} ${a.top - 2}V${up + r}Q${a.centre} ${up} ${a.centre + r} ${up}H${b.centre - r}Q${b.centre} ${up} ${b.centre} ${up + r}V${b.top - 3}`;
    } else if (far) {
      const down = Math.max(a.bottom + 12, this.stage.scrollHeight - 12);
      const r = 9;
      const x = b.left - 11;
      line = `M${a.centre} ${a.bottom + 2}V${down - r}Q${a.centre} ${down} ${a.centre + r} ${down}H${x - r}Q${x} ${down} ${x} ${down - r}V${b.middle + r}Q${x} ${b.middle} ${x + r} ${b.middle}H${b.left - 2}`;
    } else if (box.column - source.column > 1) {
      const between = this.note.boxes.filter((other) => other.column > source.column && other.column < box.column);
      const low = Math.max(a.middle, ...between.map((other) => this.places[other.id].bottom + 9));
      const r = Math.min(9, Math.abs(low - a.middle) / 2);
      const first = a.right + 11;
      const x = b.left - 13;
      line = `M${a.right + 2} ${a.middle}H${first - r}Q${first} ${a.middle} ${first} ${a.middle + r}V${low - r}Q${first} ${low} ${first + r} ${low}H${x - 9}Q${x} ${low} ${x} ${low - 9}V${b.middle + 9}Q${x} ${b.middle} ${x + 9} ${b.middle}H${b.left - 3}`;
    } else if (source.column === box.column) line = `M${a.centre} ${a.bottom + 1}V${b.top - 2}`;
    else {
      const bend = Math.max(10, (b.left - a.right) / 2);
      line = `M${a.right + 2} ${a.middle}C${a.right + bend} ${a.middle} ${b.left - bend} ${b.middle} ${b.left - 3} ${b.middle}`;
    }
    const made = document.createElementNS("http://www.w3.org/2000/svg", "path");
    made.setAttribute("d", line);
    made.dataset.from = from;
    made.dataset.to = box.id;
    if (far) made.classList.add("around");
    return made;
  }

  /* ---- pointing ---- */

  /** While something of the picture is pointed at, what it says stays in view: below it, or else above it, never over it. */
  follow(event) {
    const tall = this.inspector.offsetHeight;
    const below = event.clientY < window.innerHeight - tall;
    const above = event.clientY > Math.max(this.root.getBoundingClientRect().top, HEADER) + tall;
    this.root.style.setProperty("--lift", `${window.innerHeight - HEADER - tall}px`);
    this.root.classList.toggle("pointing", Boolean(event.target.closest(".stage")) && (below || above));
    this.root.classList.toggle("low", !below);
  }

  point(next) {
    const now = this.hover;
    if (["box", "row", "column", "head"].every((name) => now[name] === next[name])) return;
    this.hover = next;
    this.mark();
    this.inspect();
  }

  mark() {
    const { note, hover } = this;
    const square = hover.box && this.byId[hover.box]?.square;
    const row = hover.row ?? note.token;
    const column = square ? hover.column : null;
    const around = hover.box ? [hover.box, ...(this.byId[hover.box]?.inputs ?? [])] : [];
    for (const { box, frame, row: bar, column: key, slice } of Object.values(this.frames)) {
      frame.classList.toggle("near", around.includes(box.id));
      frame.classList.toggle("far", hover.box !== null && !around.includes(box.id));
      const count = box.shape[0];
      const place = box.vector ? null : row;
      bar.hidden = place === null;
      if (place !== null) {
        bar.style.top = `${(100 * place) / count}%`;
        bar.style.height = `${100 / count}%`;
        bar.classList.toggle("faint", hover.row === null);
      }
      key.hidden = true;
      if (column !== null && box.square) {
        key.hidden = false;
        key.className = "key down";
        key.style.cssText = `left:${(100 * column) / box.shape[1]}%;width:${100 / box.shape[1]}%`;
      } else if (column !== null && (box.id === "key" || box.id === "value")) {
        key.hidden = false;
        key.className = "key across";
        key.style.cssText = `top:${(100 * column) / count}%;height:${100 / count}%`;
      }
      slice.hidden = box.id !== "context";
      if (box.id === "context") {
        const head = hover.head ?? note.head;
        slice.style.left = `${(100 * head) / note.heads}%`;
        slice.style.width = `${100 / note.heads}%`;
      }
    }
    for (const option of this.marked) {
      option.classList.remove("on", "faint", "key");
      option.setAttribute("aria-selected", "false");
    }
    this.marked.clear();
    for (const list of this.lists) {
      const chosen = list.children[row];
      chosen.classList.add("on");
      chosen.classList.toggle("faint", hover.row === null);
      chosen.setAttribute("aria-selected", "true");
      this.marked.add(chosen);
      if (column === null) continue;
      list.children[column].classList.add("key");
      this.marked.add(list.children[column]);
    }
    if (hover.row !== null && hover.box) this.reveal(row);
    for (const path of this.wires.children) path.classList.toggle("on", hover.box !== null && path.dataset.to === hover.box);
  }

  reveal(row) {
    for (const list of this.lists) {
      const option = list.children[row];
      const low = option.offsetTop - list.clientHeight + option.offsetHeight;
      if (list.scrollTop > option.offsetTop) list.scrollTop = option.offsetTop;
      else if (list.scrollTop < low) list.scrollTop = low;
    }
  }

  /* ---- what is under the pointer, in words and numbers ---- */

  inspect() {
    const { note, hover } = this;
    const { words } = note;
    const box = this.byId[hover.box ?? note.chosen] ?? note.boxes[0];
    const row = box.vector ? 0 : (hover.row ?? note.token);
    const head = element("div", "top");
    head.append(element("h2", "", box.title), formula(box.formula));
    head.append(element("span", "shape", `${words.shape} ${box.shape.join(" × ")}`));
    const left = element("div", "words");
    left.append(head, element("p", "says", box.says));
    const checks = element("p", "small");
    const drawn =
      box.kind !== "values"
        ? ""
        : `${fill(words.full, { value: number(box.strength) })} · ${
            box.map.type === "f2" ? words.exact : fill(words.dots, { rows: box.map.tall, columns: box.map.wide, value: number(box.map.top / 127) })
          }`;
    checks.textContent = drawn;
    left.append(checks);

    const right = element("div", "numbers");
    if (!box.vector) {
      const token = element("div", "who");
      token.append(element("span", `chip ${note.tokens[row].kind}`, note.tokens[row].text), element("small", "", `${fill(words.id, { id: note.tokens[row].id })} · ${fill(words.position, { position: row })}`));
      right.append(token);
    }
    if (box.links) right.append(this.links(box, row));
    else right.append(...this.row(box, row));
    this.inspector.replaceChildren(left, right);
  }

  links(box, row) {
    const { note, hover } = this;
    const made = element("div", "links");
    const add = (column, value, kind) => {
      const line = element("div", `link ${kind}`);
      const bar = element("i");
      if (box.kind === "weights") bar.style.setProperty("--share", value);
      else bar.className = "none";
      line.append(element("b", "", note.tokens[column].text), bar, element("span", "", number(value, box.kind === "weights" ? 4 : 3)));
      made.append(line);
    };
    made.append(element("small", "", box.kind === "weights" ? note.words.looks : note.words.most));
    const { count } = box.links;
    const shown = [];
    for (let k = 0; k < count; k++) {
      const column = box.where[row * count + k];
      shown.push(column);
      add(column, box.best[row * count + k], column === hover.column && hover.box === box.id ? "pointed" : "");
    }
    if (hover.box === box.id && hover.column !== null && !shown.includes(hover.column) && box.map.tall === 1)
      add(hover.column, box.dots[row * box.map.columns + hover.column], "pointed");
    return made;
  }

  row(box, row) {
    const { note, hover } = this;
    const { words } = note;
    const numbers = box.rows.subarray(row * box.wide, (row + 1) * box.wide);
    const shown = Math.min(note.first, box.shape[1]);
    const first = element("div", "first");
    first.append(element("small", "", words.first));
    for (let k = 0; k < shown; k++) {
      const cell = element("span", "cell", number(numbers[k]));
      cell.style.setProperty("--tint", this.tint(numbers[k]).join(" "));
      cell.style.setProperty("--share", Math.min(Math.abs(numbers[k]) / box.strength, 1));
      first.append(cell);
    }
    if (box.shape[1] > shown) first.append(element("span", "more", "…"));
    const [low, high, mean, deviation, length] = numbers.subarray(note.first);
    const summary = element(
      "p",
      "small",
      [
        fill(words.range, { low: number(low), high: number(high) }),
        fill(words.mean, { value: number(mean) }),
        fill(words.deviation, { value: number(deviation) }),
        fill(words.length, { value: number(length) }),
      ].join(" · "),
    );
    const pointed = hover.box === box.id && hover.column !== null && box.kind === "values";
    if (pointed) {
      const dot = Math.floor(hover.column / box.map.wide);
      const value = box.dots[Math.floor(row / box.map.tall) * box.map.columns + dot];
      const from = dot * box.map.wide + 1;
      const to = Math.min(from + box.map.wide - 1, box.shape[1]);
      summary.textContent = `${fill(words.column_n, { n: from === to ? from : `${from}–${to}` })}: ${number(value)} · ${summary.textContent}`;
    }
    return [first, this.strip(box, row, pointed), summary];
  }

  strip(box, row, pointed) {
    const canvas = element("canvas", "strip");
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(Math.max(200, this.inspector.clientWidth * 0.48) * ratio);
    const height = Math.round(40 * ratio);
    canvas.width = width;
    canvas.height = height;
    const start = Math.floor(row / box.map.tall) * box.map.columns;
    const line = box.dots.subarray(start, start + box.map.columns);
    const { dots, columns } = squeeze(line, 1, line.length, 1, Math.floor(width / 2));
    const top = Math.max(...Array.from(dots, Math.abs)) || 1;
    const pen = canvas.getContext("2d");
    const step = width / columns;
    for (let k = 0; k < columns; k++) {
      pen.fillStyle = `rgb(${this.tint(dots[k]).join(" ")})`;
      const tall = (Math.abs(dots[k]) / top) * (height / 2 - 1);
      pen.fillRect(k * step, dots[k] < 0 ? height / 2 : height / 2 - tall, Math.max(step * 0.8, 1), Math.max(tall, 0.5));
    }
    if (pointed) {
      pen.fillStyle = this.dark ? "rgb(255 255 255 / 35%)" : "rgb(0 0 0 / 25%)";
      pen.fillRect((this.hover.column / box.shape[1]) * width - 1, 0, 2 * ratio, height);
    }
    return canvas;
  }

  drawLegend() {
    const { words } = this.note;
    const scale = (kind, left, right) => {
      const made = element("span", "scale");
      made.append(element("small", "", left), element("i", kind), element("small", "", right));
      return made;
    };
    const ramp = scale("weights", `${words.weight} 0`, "1");
    const colours = Array.from({ length: 11 }, (_, k) => `rgb(${this.weight(Math.sqrt(k / 10)).join(" ")})`);
    ramp.querySelector("i").style.background = `linear-gradient(90deg, ${colours.join(", ")})`;
    const signs = scale("signs", words.below, words.above);
    const values = Array.from({ length: 9 }, (_, k) => `rgb(${this.sign(k / 8).join(" ")})`);
    signs.querySelector("i").style.background = `linear-gradient(90deg, ${values.join(", ")})`;
    this.legend.replaceChildren(signs, ramp, element("span", "hint", words.hint));
  }
}
