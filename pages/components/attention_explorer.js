// The attention explorer: all heads in small, one of them large, and every weight of the token in focus as a number.
//
// It draws what it is given and computes no attention. `data` is one block of bytes: the length of a JSON header (4 bytes, little
// endian), the header, and the weights as bytes (core/html.py, explorer_payload). Tokens are untrusted: they only ever become text.
// It knows no server: it says which map it wants and which tokens are to be masked, and draws what comes. The file that can be
// downloaded holds this same script.

const SMALLEST = 14; // pixels of letters: nothing that is to be read is smaller
const MOST_LINES = 2500;
const LISTED = 8;
const EXPORT_SCALE = 2;
const apps = new WeakMap();

export default function attentionExplorer({ data, parentElement, setStateValue }) {
  let app = apps.get(parentElement);
  if (!app) {
    app = new Explorer(parentElement);
    apps.set(parentElement, app);
  }
  app.say = (value) => setStateValue("ask", value);
  app.take(data);
  return () => {
    app.close();
    apps.delete(parentElement);
  };
}

// ---- small helpers ----------------------------------------------------------------------------------------------------------------

function element(tag, className, parent, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  if (parent) parent.appendChild(made);
  return made;
}

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// 256 colours from nothing to 1, and 511 from −1 over nothing to 1. Nothing looks like the page.
function colourTables(root) {
  const [weight, change] = [colourScale(root, "sequential"), colourScale(root, "diverging")];
  return {
    weight: Array.from({ length: 256 }, (_, i) => weight(i / 255)),
    change: Array.from({ length: 511 }, (_, i) => change(i / 510)),
  };
}

const css = ([red, green, blue], alpha) => (alpha === undefined ? `rgb(${red},${green},${blue})` : `rgba(${red},${green},${blue},${alpha})`);

function parseColour(text) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

const escapeXml = (text) =>
  text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");

// ---- the explorer -----------------------------------------------------------------------------------------------------------------

class Explorer {
  constructor(parent) {
    this.mode = "map";
    this.hidden = false;
    this.stretched = false;
    this.compare = "change";
    this.given = ""; // the look that the server gave last
    this.wish = null; // the look that it was told and has not given yet
    this.id = null;
    this.chosen = -1;
    this.maps = new Map();
    this.after = new Map();
    this.zoom = null; // {row: [first, last], column: [first, last]}, or null for everything
    this.focus = null; // {row, column}: indices into head.rows and head.columns, or null for "none of these"
    this.build(parent);
    this.watch = new ResizeObserver(() => this.changed());
    this.watch.observe(this.root);
    this.resized = () => this.changed();
    window.addEventListener("resize", this.resized); // its height counts where the page is presented
    this.frame = 0;
    this.stale = true;
  }

  close() {
    this.watch.disconnect();
    window.removeEventListener("resize", this.resized);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.later);
    this.root.remove();
  }

  // -- what comes in --

  take(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = view.getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    const body = bytes.subarray(4 + length);
    const cells = head.rows.length * head.columns.length;
    if (head.id !== this.id) {
      this.maps.clear();
      this.tiles = null;
      this.sheet = null;
      this.values = null; // not one number of another text under the names of this one's tokens
      this.drawn = undefined;
      this.focus = null;
      this.zoom = null;
      this.wanted = null;
      this.masked = "";
    }
    const masked = head.masked.join();
    if (masked !== this.masked) this.after.clear();
    const fresh = head.id !== this.id;
    this.id = head.id;
    this.masked = masked;
    this.head = head;
    this.words = head.words;
    for (const map of head.maps) {
      const target = map.after ? this.after : this.maps;
      target.set(map.index, { peak: map.peak, bytes: body.slice(map.offset, map.offset + cells) });
      if (target.size > head.kept) target.delete(target.keys().next().value);
    }
    if (head.tiles) this.tiles = { ...head.tiles, bytes: body.slice(head.tiles.offset) };
    // The server's choice counts, unless this is the answer to an older wish than the last one.
    if (this.wanted === null || this.wanted === head.chosen || fresh) {
      this.chosen = head.chosen;
      this.wanted = null;
    }
    if (fresh || head.answers === this.wishes) this.toMask = null;
    this.takeLook(head.look);
    if (!this.tiles || (!this.maps.has(head.chosen) && !head.offline)) this.ask(true); // what was sent before is gone: all again
    this.label();
    this.changed();
  }

  // How the large map is drawn, as the address has it. What was chosen here meanwhile counts more than an older answer.
  takeLook(look) {
    const given = look.join();
    if (given === this.wish) this.wish = null;
    if (given !== this.given && this.wish === null) {
      this.mode = look.includes("lines") ? "lines" : "map";
      this.hidden = look.includes("words");
      this.stretched = look.includes("stretched");
      this.compare = ["before", "after"].find((name) => look.includes(name)) ?? "change";
    }
    this.given = given;
  }

  ownLook() {
    const { mode, hidden, stretched, compare } = this;
    return [mode === "lines" && "lines", hidden && "words", stretched && "stretched", compare !== "change" && compare].filter(Boolean);
  }

  // Which tokens are masked, once the server has answered.
  willBeMasked() {
    return this.toMask ?? this.head.masked;
  }

  ask(everything = false) {
    if (this.head.offline) return;
    const masked = this.willBeMasked();
    const index = this.wanted ?? this.chosen;
    const held = [...this.maps.keys()].filter((map) => !masked.length || (masked.join() === this.masked && this.after.has(map)));
    this.wishes = (this.wishes ?? this.head.answers) + 1; // the server only hears of what changed, and may have chosen another head since
    this.say({ number: this.wishes, id: this.id, map: index, masked, look: this.ownLook(), have: !everything && !!this.tiles, held: everything ? [] : held });
  }

  choose(index) {
    if (index === this.chosen) return;
    const ready = this.maps.has(index) && (!this.head.masked.length || this.after.has(index));
    this.wanted = index;
    if (this.head.offline) this.wanted = null;
    this.chosen = index;
    clearTimeout(this.later);
    // What is here already is drawn at once; the rest of the page follows when the choosing pauses.
    this.later = setTimeout(() => this.ask(), ready ? 200 : 0);
    this.changed();
    this.tell(this.name(index));
  }

  // Whoever comes to the overview will choose another head: have those next to this one ready.
  foresee() {
    const [layers, heads] = this.head.shape;
    const near = [1, heads + 1].map((step) => this.chosen + step).filter((index) => index < layers * (heads + 1));
    if (near.some((index) => !this.maps.has(index))) this.ask();
  }

  mask(position) {
    const head = this.head;
    if (head.offline || position === undefined || !head.maskable[position]) return;
    const before = this.willBeMasked();
    const masked = before.includes(position) ? before.filter((p) => p !== position) : [...before, position];
    this.maskAll(masked.sort((a, b) => a - b));
  }

  maskAll(positions) {
    this.toMask = positions;
    this.root.classList.add("waiting");
    this.ask();
  }

  // -- the parts on screen --

  build(parent) {
    const root = element("div", "explorer", parent);
    this.root = root;
    this.over = element("section", "over", root);
    this.overTitle = element("h2", "", this.over);
    this.overCanvas = element("canvas", "overview", this.over);
    this.overNote = element("p", "note numbers", this.over);
    this.changes = element("div", "changes", this.over);
    this.overHelp = element("p", "note", this.over);

    this.main = element("section", "main", root);
    const bar = element("div", "bar", this.main);
    this.title = element("h2", "", bar);
    this.legend = element("canvas", "legend", bar);
    this.modes = element("div", "segments", bar);
    this.modes.setAttribute("role", "group");
    this.modeButtons = ["map", "lines"].map((mode) => this.button(this.modes, () => this.set("mode", mode)));
    const second = element("div", "bar options", this.main);
    this.hideBox = this.checkbox(second, () => this.set("hidden", !this.hidden));
    this.stretchBox = this.checkbox(second, () => this.set("stretched", !this.stretched));
    this.maskBar = element("div", "bar masked", this.main);
    this.maskText = element("span", "mask-text", this.maskBar);
    this.compareGroup = element("div", "segments", this.maskBar);
    this.compareGroup.setAttribute("role", "group");
    this.compareButtons = ["before", "after", "change"].map((c) => this.button(this.compareGroup, () => this.set("compare", c)));
    this.unmask = this.button(this.maskBar, () => this.maskAll([]));
    this.stage = element("div", "stage", this.main);
    this.canvas = element("canvas", "large", this.stage);
    this.tip = element("div", "tip", this.stage);
    this.tip.hidden = true;
    this.actions = element("div", "actions", this.main);
    this.help = element("p", "note", this.main);
    this.partNote = element("p", "note", this.main);

    this.panel = element("section", "panel", root);
    this.lists = [0, 1].map(() => {
      const table = element("table", "", this.panel);
      const caption = element("caption", "", table);
      const body = element("tbody", "", table);
      const rows = Array.from({ length: LISTED }, () => {
        const row = element("tr", "", body);
        const name = element("th", "", row);
        name.scope = "row";
        const cell = element("td", "", row);
        const track = element("span", "track", cell);
        const barOf = element("span", "amount", track);
        const number = element("td", "number", row);
        return { row, name, bar: barOf, number };
      });
      return { table, caption, rows };
    });
    this.maskButton = this.button(this.actions, () => this.focus && this.mask(this.pointed(this.focus)));
    this.wholeButton = this.button(this.actions, () => this.enlarge(null));
    this.pngButton = this.button(this.actions, () => this.savePng());
    this.svgButton = this.button(this.actions, () => this.saveSvg());
    this.live = element("div", "aside", root);
    this.live.setAttribute("aria-live", "polite");

    for (const canvas of [this.overCanvas, this.canvas]) {
      canvas.tabIndex = 0;
      canvas.setAttribute("role", "application");
    }
    this.overCanvas.addEventListener("pointermove", (event) => this.overHover(this.tileAt(event)));
    this.overCanvas.addEventListener("pointerenter", () => this.foresee());
    this.overCanvas.addEventListener("focus", () => this.foresee());
    this.overCanvas.addEventListener("pointerleave", () => this.overHover(-1));
    this.overCanvas.addEventListener("click", (event) => {
      const index = this.tileAt(event);
      if (index >= 0) this.choose(index);
    });
    this.overCanvas.addEventListener("keydown", (event) => this.overKey(event));
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => {
      this.tip.hidden = true;
    });
    this.canvas.addEventListener("pointerdown", (event) => {
      const found = event.button === 0 && event.pointerType !== "touch" ? this.under(event) : null;
      this.drag = found && { found, x: event.clientX, y: event.clientY };
      this.dropped = false;
      if (found) this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointerup", (event) => this.drop(event));
    this.canvas.addEventListener("click", (event) => this.click(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  button(parent, act) {
    const made = element("button", "", parent);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  checkbox(parent, act) {
    const label = element("label", "", parent);
    const box = element("input", "", label);
    box.type = "checkbox";
    box.addEventListener("change", act);
    return { label, box, text: element("span", "", label) };
  }

  // Take a part away; the keyboard's focus goes on in the picture.
  hide(part, hidden) {
    if (hidden && part.contains(part.getRootNode().activeElement)) this.canvas.focus({ preventScroll: true });
    part.hidden = hidden;
  }

  set(name, value) {
    this[name] = value;
    if (this.focus && name === "hidden") this.focus = null;
    if (!this.head.offline) {
      this.wish = this.ownLook().join();
      clearTimeout(this.later);
      this.later = setTimeout(() => this.ask(), 200); // the address follows when the choosing pauses
    }
    this.changed();
  }

  label() {
    const { words, head } = this;
    this.root.classList.remove("waiting");
    this.panelKey = null; // the words may be another language's
    this.overTitle.textContent = words.all;
    this.overHelp.textContent = words.overviewHelp + (head.block > 1 ? " " + fill(words.block, { count: head.block }) : "");
    this.overCanvas.setAttribute("aria-label", words.overviewLabel);
    this.canvas.setAttribute("aria-label", words.mapLabel);
    [words.heat, words.lines].forEach((text, i) => (this.modeButtons[i].textContent = text));
    [words.before, words.after, words.change].forEach((text, i) => (this.compareButtons[i].textContent = text));
    this.modes.setAttribute("aria-label", words.picture);
    this.compareGroup.setAttribute("aria-label", words.maskedLabel);
    this.hideBox.text.textContent = words.hide;
    this.stretchBox.text.textContent = words.stretch;
    this.unmask.textContent = words.unmask;
    this.pngButton.textContent = "PNG";
    this.pngButton.title = words.savePng;
    this.svgButton.textContent = "SVG";
    this.svgButton.title = words.saveSvg;
    this.wholeButton.textContent = words.whole;
    this.help.textContent = head.offline ? words.offline : words.help;
  }

  name(index) {
    const [layers, heads] = this.head.shape;
    if (index === layers * (heads + 1)) return this.words.meanAll;
    const layer = Math.floor(index / (heads + 1));
    const place = index % (heads + 1);
    return fill(place === heads ? this.words.meanLayer : this.words.head, { layer: layer + 1, head: place + 1 });
  }

  tell(text) {
    this.live.textContent = text;
  }

  // -- drawing: `changed` when what is drawn changes, `touched` when only the focus moves --

  changed() {
    this.stale = true;
    this.touched();
  }

  touched() {
    if (!this.frame) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.draw();
      });
    }
  }

  draw() {
    if (!this.head || !this.root.clientWidth) return;
    if (this.stale) {
      this.stale = false;
      this.prepare();
    }
    this.paintOverview();
    this.paintLarge();
    this.fillPanel();
  }

  // Everything that stays while the mouse moves.
  prepare() {
    const { head, words } = this;
    this.look();
    this.comparing = head.masked.length > 0;
    const before = this.maps.get(this.chosen);
    const after = this.after.get(this.chosen);
    const ready = before && (!this.comparing || after);
    this.root.classList.toggle("loading", !ready && !head.offline);
    if (ready || head.offline) this.values = ready ? this.numbers(before, after) : null;
    if (ready || head.offline) this.drawn = this.chosen;
    this.rows = this.visible(head.rows, this.zoom?.row);
    this.columns = this.visible(head.columns, this.zoom?.column);
    this.hide(this.wholeButton, !this.zoom);
    this.modeButtons.forEach((button, i) => button.setAttribute("aria-pressed", String(this.mode === ["map", "lines"][i])));
    this.compareButtons.forEach((button, i) =>
      button.setAttribute("aria-pressed", String(this.compare === ["before", "after", "change"][i])),
    );
    this.hideBox.box.checked = this.hidden;
    this.stretchBox.box.checked = this.stretched;
    this.hide(this.maskBar, !this.comparing);
    this.maskText.textContent = fill(words.maskedTokens, { tokens: head.masked.map((p) => this.token(p)).join(", ") });
    this.title.textContent = this.name(this.drawn ?? this.chosen);
    const notes = [];
    if (!this.values && head.offline) notes.push(words.missing);
    if (this.hidden || this.zoom || head.rows.length < head.labels.length || head.columns.length < head.labels.length) notes.push(words.partial);
    this.partNote.textContent = notes.join(" ");
    this.prepareOverview();
    this.prepareLarge();
    this.paintLegend();
  }

  look() {
    const style = getComputedStyle(this.root);
    const colour = (name, instead) => style.getPropertyValue(name).trim() || instead;
    this.ink = colour("--st-text-color", "#222");
    this.ground = colour("--st-background-color", "#fff");
    this.accent = colour("--st-primary-color", "#0072b2");
    this.line = colour("--st-border-color", "#ccc");
    this.family = colour("--st-code-font", "monospace");
    this.sans = colour("--st-font", "sans-serif");
    this.font = Math.max(SMALLEST, Math.round(parseFloat(style.fontSize)));
    const key = this.ground + this.accent;
    if (key !== this.lookKey) {
      this.lookKey = key;
      const [red, green, blue] = parseColour(this.ground);
      this.dark = 0.3 * red + 0.6 * green + 0.1 * blue < 128;
      this.tables = colourTables(this.root);
      this.accentRgb = parseColour(this.accent);
      [this.below, this.above] = [this.tables.change[0], this.tables.change[510]];
      this.warm = this.dark ? [240, 170, 80] : [190, 85, 0];
      this.root.style.setProperty("--warm", css(this.warm));
      this.root.style.setProperty("--below", css(this.below));
    }
  }

  // The weights on screen: one number per (row, column) of the part that was sent.
  numbers(before, after) {
    const from = this.comparing && this.compare === "after" ? after : before;
    const made = new Float32Array(from.bytes.length);
    for (let i = 0; i < made.length; i++) made[i] = (from.bytes[i] / 255) * from.peak;
    this.signed = this.comparing && this.compare === "change";
    if (this.signed) for (let i = 0; i < made.length; i++) made[i] = (after.bytes[i] / 255) * after.peak - made[i];
    this.step = (this.signed ? before.peak + after.peak : from.peak) / 510; // the most that rounding to bytes can be off
    if (this.signed) for (let i = 0; i < made.length; i++) if (Math.abs(made[i]) <= this.step) made[i] = 0; // perhaps nothing but rounding
    this.digits = this.step < 0.0006 ? 3 : 2;
    this.largest = 0;
    for (let i = 0; i < made.length; i++) this.largest = Math.max(this.largest, Math.abs(made[i]));
    return made;
  }

  visible(positions, range) {
    const all = positions.map((_, i) => i).filter((i) => !range || (i >= range[0] && i <= range[1]));
    const kept = this.hidden ? all.filter((i) => !this.head.special[positions[i]]) : all;
    return kept.length ? kept : all;
  }

  token(position) {
    return `${this.head.labels[position].trim() || "␣"} (${position})`;
  }

  number(value) {
    const text = Math.abs(value).toFixed(this.digits);
    if (!this.signed) return value > 0 && Number(text) === 0 ? `<${(10 ** -this.digits).toFixed(this.digits)}` : text;
    return Number(text) === 0 ? "±0" : (value < 0 ? "−" : "+") + text;
  }

  // Square root: weak weights show. The legend says which colour is which number.
  shade(value) {
    const share = clamp(Math.abs(value) / (this.stretched ? this.largest || 1 : 1), 0, 1);
    const place = Math.round(255 * Math.sqrt(share));
    return this.signed ? this.tables.change[value < 0 ? 255 - place : 255 + place] : this.tables.weight[place];
  }

  size(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  // -- the overview --

  prepareOverview() {
    if (!this.tiles) return;
    const { tiles, head } = this;
    const [layers, heads] = head.shape;
    const keep = (starts, positions) =>
      starts.map((start, i) => ({ i, start })).filter(({ start }) => !this.hidden || !head.special[positions[start]]).map(({ i }) => i);
    let rows = keep(tiles.rows, head.rows);
    let columns = keep(tiles.columns, head.columns);
    if (!rows.length) rows = tiles.rows.map((_, i) => i);
    if (!columns.length) columns = tiles.columns.map((_, i) => i);
    const sheet = document.createElement("canvas");
    sheet.width = columns.length * (heads + 1);
    sheet.height = rows.length * (layers + 1);
    const context = sheet.getContext("2d");
    const area = tiles.rows.length * tiles.columns.length;
    const picture = context.createImageData(columns.length, rows.length);
    for (let index = 0; index <= layers * (heads + 1); index++) {
      const shades = Array.from({ length: 256 }, (_, q) => this.tables.weight[Math.round(255 * Math.sqrt((q / 255) * tiles.peaks[index]))]);
      let pixel = 0;
      for (const row of rows) {
        for (const column of columns) {
          const shade = shades[tiles.bytes[index * area + row * tiles.columns.length + column]];
          picture.data[pixel++] = shade[0];
          picture.data[pixel++] = shade[1];
          picture.data[pixel++] = shade[2];
          picture.data[pixel++] = 255;
        }
      }
      const [x, y] = this.tilePlace(index);
      context.putImageData(picture, x * columns.length, y * rows.length);
    }
    this.sheet = { canvas: sheet, width: columns.length, height: rows.length };
    const width = this.over.clientWidth;
    const left = this.font + 8;
    const top = 2 * this.font + 12;
    const gap = width > 420 ? 3 : 2;
    const pitch = Math.min(62, (width - left - 8) / (heads + 1));
    this.grid = { left, top, gap, pitch, width, height: top + pitch * (layers + 1) + 8 };
  }

  tilePlace(index) {
    const [layers, heads] = this.head.shape;
    return index === layers * (heads + 1) ? [heads, layers] : [index % (heads + 1), Math.floor(index / (heads + 1))];
  }

  tileBox(index) {
    const [x, y] = this.tilePlace(index);
    const [layers, heads] = this.head.shape;
    const { left, top, pitch, gap } = this.grid;
    return [left + x * pitch + (x === heads ? 6 : 0), top + y * pitch + (y === layers ? 6 : 0), pitch - gap];
  }

  tileAt(event) {
    if (!this.grid) return -1;
    const box = this.overCanvas.getBoundingClientRect();
    const [layers, heads] = this.head.shape;
    for (let index = 0; index <= layers * (heads + 1); index++) {
      const [x, y, size] = this.tileBox(index);
      const [dx, dy] = [event.clientX - box.left - x, event.clientY - box.top - y];
      if (dx >= -1 && dy >= -1 && dx <= size + 1 && dy <= size + 1) return index;
    }
    return -1;
  }

  overHover(index) {
    this.hovered = index;
    this.overCanvas.style.cursor = index >= 0 ? "pointer" : "default";
    this.touched();
  }

  paintOverview() {
    if (!this.sheet) return;
    const { grid, sheet, head, words } = this;
    const [layers, heads] = head.shape;
    const context = this.size(this.overCanvas, grid.width, grid.height);
    context.font = `${this.font}px ${this.sans}`;
    context.fillStyle = this.ink;
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    context.globalAlpha = 0.8;
    context.fillText(words.axisHeads, grid.left, this.font - 1);
    context.textAlign = "center";
    for (let h = 0; h <= heads; h++) {
      const [x, , size] = this.tileBox(h);
      context.fillText(h === heads ? "Ø" : String(h + 1), x + size / 2, 2 * this.font + 5);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (let l = 0; l <= layers; l++) {
      const [, y, size] = this.tileBox(l === layers ? layers * (heads + 1) : l * (heads + 1));
      context.fillText(l === layers ? "Ø" : String(l + 1), l === layers ? this.tileBox(layers * (heads + 1))[0] - 6 : grid.left - 6, y + size / 2);
    }
    context.globalAlpha = 1;
    const most = head.changes ? Math.max(...head.changes, 1e-6) : 0;
    for (let index = 0; index <= layers * (heads + 1); index++) {
      const [x, y, size] = this.tileBox(index);
      const [sx, sy] = this.tilePlace(index);
      const scale = size / Math.max(sheet.width, sheet.height);
      const [w, h] = [sheet.width * scale, sheet.height * scale];
      context.imageSmoothingEnabled = scale < 1;
      context.drawImage(sheet.canvas, sx * sheet.width, sy * sheet.height, sheet.width, sheet.height, x + (size - w) / 2, y + (size - h) / 2, w, h);
      context.strokeStyle = this.line;
      context.lineWidth = 1;
      context.strokeRect(x - 0.5, y - 0.5, size + 1, size + 1);
      if (head.changes && index in head.changes) {
        context.fillStyle = this.ground;
        context.fillRect(x, y + size - 5, size, 5);
        context.fillStyle = css(this.warm);
        context.fillRect(x, y + size - 4, (size * head.changes[index]) / most, 4);
      }
    }
    for (const [index, colour, width] of [[this.hovered, this.ink, 1.5], [this.chosen, css(this.warm), 3]]) {
      if (!(index >= 0)) continue;
      const [x, y, size] = this.tileBox(index);
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.strokeRect(x - width / 2, y - width / 2, size + width, size + width);
    }
    const named = this.hovered >= 0 ? this.hovered : this.chosen;
    let text = `${this.name(named)} · ${fill(words.peak, { weight: this.tiles.peaks[named].toFixed(2) })}`;
    if (head.changes && named in head.changes) text += ` · ${fill(words.changed, { change: head.changes[named].toFixed(3) })}`;
    if (this.overNote.textContent !== text) this.overNote.textContent = text;
    this.listChanges();
  }

  // The heads that masking changed most, as buttons.
  listChanges() {
    const { head } = this;
    const key = head.changes ? `${this.id}|${this.masked}|${this.words.mostChanged}` : "";
    if (this.changesKey === key) return;
    this.changesKey = key;
    this.changes.replaceChildren();
    if (!head.changes) return;
    element("span", "", this.changes, this.words.mostChanged);
    const heads = head.shape[1];
    const order = head.changes.map((_, i) => i).filter((i) => i % (heads + 1) !== heads && i < head.shape[0] * (heads + 1));
    order.sort((a, b) => head.changes[b] - head.changes[a]);
    for (const index of order.slice(0, 4)) {
      const made = this.button(this.changes, () => this.choose(index));
      made.textContent = `${this.name(index)}: ${head.changes[index].toFixed(3)}`;
    }
  }

  overKey(event) {
    const [layers, heads] = this.head.shape;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    let [x, y] = this.tilePlace(this.chosen);
    x = clamp(x + move[0], 0, heads);
    y = clamp(y + move[1], 0, layers);
    if (y === layers) x = heads;
    if (y === layers && move[0] < 0) y = layers - 1;
    this.choose(y === layers ? layers * (heads + 1) : y * (heads + 1) + x);
  }

  // -- the large map --

  cut(context, text, width) {
    let shown = text.length > 60 ? text.slice(0, 60) + "…" : text;
    while (shown.length > 2 && context.measureText(shown).width > width) shown = shown.slice(0, shown.endsWith("…") ? -2 : -1) + "…";
    return shown;
  }

  labelOf(position) {
    if (this.comparing && this.compare === "after" && this.head.masked.includes(position)) return this.words.maskToken;
    return this.head.labels[position] || "␣";
  }

  prepareLarge() {
    const { head } = this;
    const width = Math.max(260, this.stage.clientWidth);
    const ruler = this.canvas.getContext("2d");
    ruler.font = `${this.font}px ${this.family}`;
    const room = Math.min(130, width * 0.24);
    const texts = head.labels.map((_, p) => this.cut(ruler, this.labelOf(p), room));
    const longest = (indices, positions) => Math.max(12, ...indices.map((i) => ruler.measureText(texts[positions[i]]).width));
    const rowWidth = longest(this.rows, head.rows);
    const columnWidth = longest(this.columns, head.columns);
    const [R, C] = [this.rows.length, this.columns.length];
    if (this.mode === "map") {
      const left = rowWidth + 14;
      const steep = Math.PI / 3;
      const top = columnWidth * Math.sin(steep) + 22;
      const right = Math.min(40, columnWidth * Math.cos(steep));
      const cell = Math.min((width - left - right - 2) / C, Math.max(720, width * 0.8) / R, 44);
      const below = this.font + 8;
      const rowHeight = Math.min(cell, this.tallest(R, top + below));
      this.geometry = { width, height: top + rowHeight * R + below, left, top, cell, rowHeight, steep };
    } else {
      const most = Math.max(R, C);
      const rowHeight = clamp(Math.min(860 / most, this.tallest(most, 42)), 1.2, 26);
      const left = Math.max(rowWidth, 40) + 68;
      const right = Math.max(columnWidth, 40) + 68;
      const inner = Math.min(width - left - right, 460);
      const shift = Math.max(0, (width - left - right - inner) / 2);
      this.geometry = {
        width, height: 30 + rowHeight * most + 12, top: 30, rowHeight,
        left: left + shift, right: left + shift + inner, cell: rowHeight,
      };
    }
    this.texts = texts;
    this.base = document.createElement("canvas");
    const context = this.size(this.base, this.geometry.width, this.geometry.height);
    if (this.mode === "map") this.paintCells(context);
    else this.paintLines(context);
  }

  /** How tall a row may be so that all are on the screen of a page that is presented, but not lower than its letters. around: pixels above and below the rows. */
  tallest(rows, around) {
    return Math.max((roomBelow(this.stage) - around) / rows, this.font + 1);
  }

  value(row, column) {
    return this.values[row * this.head.columns.length + column];
  }

  paintCells(context) {
    const { geometry: g, rows, columns } = this;
    context.font = `${this.font}px ${this.sans}`;
    context.fillStyle = this.ink;
    context.globalAlpha = 0.85;
    context.textAlign = "left";
    context.fillText(this.words.axes, 2, g.height - 6);
    context.globalAlpha = 1;
    if (!this.values) return;
    const picture = context.createImageData(columns.length, rows.length);
    let pixel = 0;
    for (const row of rows) {
      for (const column of columns) {
        const shade = this.shade(this.value(row, column));
        picture.data[pixel++] = shade[0];
        picture.data[pixel++] = shade[1];
        picture.data[pixel++] = shade[2];
        picture.data[pixel++] = 255;
      }
    }
    const small = document.createElement("canvas");
    small.width = columns.length;
    small.height = rows.length;
    small.getContext("2d").putImageData(picture, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, g.left, g.top, g.cell * columns.length, g.rowHeight * rows.length);
    if (g.cell >= 9) {
      context.strokeStyle = this.ground;
      context.lineWidth = 1;
      context.beginPath();
      for (let i = 0; i <= rows.length; i++) {
        context.moveTo(g.left, g.top + i * g.rowHeight);
        context.lineTo(g.left + g.cell * columns.length, g.top + i * g.rowHeight);
      }
      for (let j = 0; j <= columns.length; j++) {
        context.moveTo(g.left + j * g.cell, g.top);
        context.lineTo(g.left + j * g.cell, g.top + g.rowHeight * rows.length);
      }
      context.stroke();
    }
    context.strokeStyle = this.line;
    context.lineWidth = 1;
    context.strokeRect(g.left - 0.5, g.top - 0.5, g.cell * columns.length + 1, g.rowHeight * rows.length + 1);
    if (g.cell >= 32) {
      context.font = `${clamp(0.42 * g.cell, SMALLEST, this.font)}px ${this.sans}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      rows.forEach((row, i) =>
        columns.forEach((column, j) => {
          const value = this.value(row, column);
          if (Math.abs(value) < 0.01) return;
          const [red, green, blue] = this.shade(value);
          context.fillStyle = 0.3 * red + 0.6 * green + 0.1 * blue < 128 ? "#fff" : "#111";
          context.fillText((value < 0 ? "−" : this.signed ? "+" : "") + Math.abs(value).toFixed(2).replace(/^0/, ""), g.left + (j + 0.5) * g.cell, g.top + (i + 0.5) * g.rowHeight);
        }),
      );
    }
    context.font = `${this.font}px ${this.family}`;
    for (let i = 0; i < rows.length; i += this.every(g.rowHeight)) this.rowLabel(context, i, 0.85);
    for (let j = 0; j < columns.length; j += this.every(g.cell)) this.columnLabel(context, j, 0.85);
  }

  /** Of so narrow rows or columns every how many-th has room for its name. */
  every(pixels) {
    return Math.max(1, Math.ceil((this.font + 1) / pixels));
  }

  inkOf(position) {
    return this.head.masked.includes(position) ? css(this.warm) : this.ink;
  }

  rowLabel(context, i, alpha, strong = false) {
    const { geometry: g } = this;
    const position = this.head.rows[this.rows[i]];
    const y = g.top + (i + 0.5) * g.rowHeight;
    const text = this.texts[position];
    context.font = `${strong ? "700 " : ""}${this.font}px ${this.family}`;
    const right = this.mode === "map" ? g.left - 6 : g.left - 8;
    if (strong && g.rowHeight < this.font + 4) {
      context.fillStyle = this.ground;
      context.fillRect(0, y - 10, right + 2, 20);
    }
    context.globalAlpha = alpha;
    context.fillStyle = this.inkOf(position);
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(text, right, y);
    if (this.head.masked.includes(position)) this.strike(context, right - context.measureText(text).width, right, y);
    context.globalAlpha = 1;
  }

  strike(context, from, to, y) {
    context.fillRect(from, y - 0.75, to - from, 1.5);
  }

  columnLabel(context, j, alpha, strong = false) {
    const { geometry: g } = this;
    const position = this.head.columns[this.columns[j]];
    const text = this.texts[position];
    context.save();
    context.font = `${strong ? "700 " : ""}${this.font}px ${this.family}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    if (this.mode === "map") {
      context.translate(g.left + (j + 0.5) * g.cell, g.top - 6);
      context.rotate(-g.steep);
    } else context.translate(g.right + 8, g.top + (j + 0.5) * g.rowHeight);
    const w = context.measureText(text).width;
    if (strong && g.cell < this.font + 4) {
      context.fillStyle = this.ground;
      context.fillRect(-3, -10, 200, 20);
    }
    context.globalAlpha = alpha;
    context.fillStyle = this.inkOf(position);
    context.fillText(text, 0, 0);
    if (this.head.masked.includes(position)) this.strike(context, 0, w, 0);
    context.restore();
  }

  // The strongest links on screen, as [row place, column place, weight], weakest first.
  links() {
    const { rows, columns } = this;
    const found = [];
    const floor = Math.max(this.step, 0.004);
    rows.forEach((row, i) =>
      columns.forEach((column, j) => {
        const value = this.value(row, column);
        if (Math.abs(value) >= floor) found.push([i, j, value]);
      }),
    );
    found.sort((a, b) => Math.abs(a[2]) - Math.abs(b[2]));
    return found.slice(-MOST_LINES);
  }

  lineStyle(value) {
    const share = clamp(Math.abs(value) / (this.stretched ? this.largest || 1 : 1), 0, 1);
    const alpha = Math.round(50 * Math.sqrt(share)) / 50; // few different styles: the canvas draws each in one go
    return css(this.signed ? (value < 0 ? this.below : this.above) : this.accentRgb, alpha);
  }

  strokeLinks(context, links, width) {
    const { geometry: g } = this;
    const styles = new Map();
    for (const link of links) {
      const style = this.lineStyle(link[2]);
      if (!styles.has(style)) styles.set(style, []);
      styles.get(style).push(link);
    }
    context.lineWidth = width;
    for (const [style, members] of styles) {
      context.strokeStyle = style;
      context.beginPath();
      for (const [i, j] of members) {
        const [y, z] = [g.top + (i + 0.5) * g.rowHeight, g.top + (j + 0.5) * g.rowHeight];
        const bend = (g.right - g.left) * 0.35;
        context.moveTo(g.left, y);
        context.bezierCurveTo(g.left + bend, y, g.right - bend, z, g.right, z);
      }
      context.stroke();
    }
  }

  paintLines(context) {
    const { geometry: g, rows, columns } = this;
    const every = this.every(g.rowHeight);
    context.font = `${this.font}px ${this.sans}`;
    context.fillStyle = this.ink;
    context.globalAlpha = 0.85;
    context.textAlign = "right";
    context.fillText(this.words.looks, g.left - 8, 14);
    context.textAlign = "left";
    context.fillText(this.words.lookedAt, g.right + 8, 14);
    context.globalAlpha = 1;
    for (let i = 0; i < rows.length; i += every) this.rowLabel(context, i, 0.85);
    for (let j = 0; j < columns.length; j += every) this.columnLabel(context, j, 0.85);
    this.lineLayer = document.createElement("canvas");
    const own = this.size(this.lineLayer, g.width, g.height);
    if (this.values) this.strokeLinks(own, this.links(), g.rowHeight > 10 ? 2 : 1);
  }

  paintLarge() {
    const { geometry: g } = this;
    const context = this.size(this.canvas, g.width, g.height);
    const layer = (canvas, alpha) => {
      context.globalAlpha = alpha;
      context.drawImage(canvas, 0, 0, g.width, g.height);
      context.globalAlpha = 1;
    };
    layer(this.base, 1);
    const row = this.focus ? this.rows.indexOf(this.focus.row) : -1;
    const column = this.focus ? this.columns.indexOf(this.focus.column) : -1;
    if (this.mode === "map") {
      if (!this.values) return;
      context.strokeStyle = this.ink;
      context.lineWidth = 1.5;
      if (row >= 0) {
        context.strokeRect(g.left, g.top + row * g.rowHeight, g.cell * this.columns.length, Math.max(g.rowHeight, 2));
        this.rowLabel(context, row, 1, true);
      }
      if (column >= 0) {
        context.strokeRect(g.left + column * g.cell, g.top, Math.max(g.cell, 2), g.rowHeight * this.rows.length);
        this.columnLabel(context, column, 1, true);
      }
      if (this.drag?.found.side === "cell" && this.at) {
        const box = this.canvas.getBoundingClientRect();
        context.fillStyle = css(this.accentRgb, 0.25);
        context.fillRect(this.drag.x - box.left, this.drag.y - box.top, this.at[0] - this.drag.x, this.at[1] - this.drag.y);
      }
      return;
    }
    const alone = this.focus ? this.focus.side : null;
    layer(this.lineLayer, this.focus && (row >= 0 || column >= 0) ? 0.1 : 1);
    if (!this.focus || !this.values) return;
    const links = [];
    const floor = this.step;
    if (row >= 0 && alone !== "column")
      this.columns.forEach((c, j) => Math.abs(this.value(this.focus.row, c)) > floor && links.push([row, j, this.value(this.focus.row, c)]));
    if (column >= 0 && alone !== "row")
      this.rows.forEach((r, i) => Math.abs(this.value(r, this.focus.column)) > floor && links.push([i, column, this.value(r, this.focus.column)]));
    links.sort((a, b) => Math.abs(a[2]) - Math.abs(b[2]));
    this.strokeLinks(context, links, g.rowHeight > 10 ? 3 : 2);
    // The strongest ends with their numbers, as far as they fit.
    const taken = { row: [], column: [] };
    const free = (side, y) => {
      if (taken[side].some((other) => Math.abs(other - y) < this.font + 1)) return false;
      taken[side].push(y);
      return true;
    };
    if (row >= 0 && alone !== "column") free("row", g.top + (row + 0.5) * g.rowHeight);
    if (column >= 0 && alone !== "row") free("column", g.top + (column + 0.5) * g.rowHeight);
    if (row >= 0 && alone !== "column") this.rowLabel(context, row, 1, true);
    if (column >= 0 && alone !== "row") this.columnLabel(context, column, 1, true);
    for (const [i, j, value] of [...links].reverse().slice(0, 24)) {
      const side = row >= 0 && i === row && alone !== "column" ? "column" : "row";
      const place = side === "column" ? j : i;
      const y = g.top + (place + 0.5) * g.rowHeight;
      if (!free(side, y)) continue;
      if (side === "column") this.columnLabel(context, place, 1, true);
      else this.rowLabel(context, place, 1, true);
      const position = side === "column" ? this.head.columns[this.columns[place]] : this.head.rows[this.rows[place]];
      context.font = `700 ${this.font}px ${this.family}`;
      const w = context.measureText(this.texts[position]).width + 16;
      context.font = `${this.font}px ${this.sans}`;
      const text = this.number(value);
      const x = side === "column" ? g.right + w : g.left - w;
      context.textAlign = side === "column" ? "left" : "right";
      context.textBaseline = "middle";
      context.fillStyle = this.ground;
      const tw = context.measureText(text).width;
      context.fillRect(side === "column" ? x - 2 : x - tw - 2, y - 9, tw + 4, 18);
      context.fillStyle = this.ink;
      context.fillText(text, x, y);
    }
  }

  paintLegend() {
    const width = 240;
    const context = this.size(this.legend, width, this.font + 18);
    const top = this.stretched ? this.largest || 1 : 1;
    const from = this.signed ? -1 : 0;
    const [left, right] = [14, width - 16];
    for (let x = left; x < right; x++) {
      const share = from + ((1 - from) * (x - left)) / (right - left);
      if (this.mode === "map") context.fillStyle = css(this.shade(Math.sign(share) * share * share * top));
      else {
        context.fillStyle = this.ground;
        context.fillRect(x, 2, 1, 10);
        context.fillStyle = this.lineStyle(Math.sign(share) * share * share * top);
      }
      context.fillRect(x, 2, 1, 10);
    }
    context.font = `${this.font}px ${this.sans}`;
    context.fillStyle = this.ink;
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    const ticks = this.signed ? [-1, -0.25, 0, 0.25, 1] : [0, 0.05, 0.2, 0.5, 1];
    for (const tick of ticks) {
      const place = Math.sign(tick) * Math.sqrt(Math.abs(tick));
      const value = tick * top;
      const text = Math.abs(value) >= 0.995 || value === 0 ? String(Math.round(value)) : value.toFixed(top < 0.1 ? 3 : 2).replace("0.", ".");
      context.fillText(text.replace("-", "−"), left + ((place - from) / (1 - from)) * (right - left), this.font + 13);
    }
    this.legend.setAttribute("role", "img");
    this.legend.setAttribute("aria-label", this.words.legend);
    this.legend.title = this.words.legend;
  }

  // -- the focus --

  // What lies under the pointer: {row, column, side} as indices into head.rows and head.columns.
  under(event) {
    const g = this.geometry;
    if (!g || !this.values) return null;
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const rowAt = Math.floor((y - g.top) / g.rowHeight);
    const same = (position, positions) => {
      const found = positions.indexOf(position);
      return found < 0 ? null : found;
    };
    const byRow = (i) => {
      const row = this.rows[i];
      return row === undefined ? null : { row, column: same(this.head.rows[row], this.head.columns), side: "row" };
    };
    const byColumn = (j) => {
      const column = this.columns[j];
      return column === undefined ? null : { row: same(this.head.columns[column], this.head.rows), column, side: "column" };
    };
    if (this.mode === "lines") return x < (g.left + g.right) / 2 ? byRow(rowAt) : byColumn(rowAt);
    const columnAt = Math.floor((x - g.left) / g.cell);
    if (x >= g.left && y >= g.top) {
      if (this.rows[rowAt] === undefined || this.columns[columnAt] === undefined) return null;
      return { row: this.rows[rowAt], column: this.columns[columnAt], side: "cell" };
    }
    if (x < g.left && y >= g.top) return byRow(rowAt);
    if (y >= g.top) return null;
    // A slanting label: follow its slope down to the edge of the map.
    const along = x - (g.top - 6 - y) / Math.tan(g.steep);
    return byColumn(Math.floor((along - g.left) / g.cell));
  }

  point(event) {
    const found = this.under(event);
    if (!found) {
      this.tip.hidden = true;
      return;
    }
    const labelled = found.side !== "cell";
    this.canvas.style.cursor = labelled && !this.head.offline && this.head.maskable[this.pointed(found)] ? "pointer" : "default";
    this.focus = found;
    this.at = [event.clientX, event.clientY];
    if (found.side === "cell") {
      const text = `${this.token(this.head.rows[found.row])} → ${this.token(this.head.columns[found.column])}\n${this.number(this.value(found.row, found.column))}`;
      if (this.tip.textContent !== text) this.tip.textContent = text;
      const box = this.canvas.getBoundingClientRect();
      const beside = (at, size) => (at > size / 2 ? `calc(${Math.round(at - 14)}px - 100%)` : `${Math.round(at + 14)}px`);
      this.tip.hidden = false;
      this.tip.style.transform = `translate(${beside(event.clientX - box.left, box.width)}, ${beside(event.clientY - box.top, box.height)})`;
    } else this.tip.hidden = true;
    this.touched();
  }

  pointed(found) {
    return found.side === "column" ? this.head.columns[found.column] : this.head.rows[found.row];
  }

  // Dragging over a part of the map enlarges it; among the lines, dragging along a column of tokens.
  drop(event) {
    const { drag } = this;
    this.drag = null;
    const found = this.under(event) ?? this.focus; // let go outside: the last cell counts
    if (!drag || !found || Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 8) return;
    const span = (name) => (found[name] == null || drag.found[name] == null ? null : [found[name], drag.found[name]].sort((a, b) => a - b));
    const [row, column] = [span("row"), span("column")];
    const cells = found.side === "cell" && drag.found.side === "cell";
    const columns = this.mode === "lines" && found.side === drag.found.side;
    if (!cells && !columns) return;
    this.dropped = true;
    if ((row && row[1] > row[0]) || (column && column[1] > column[0])) this.enlarge({ row, column });
  }

  enlarge(zoom) {
    this.zoom = zoom;
    this.focus = zoom ? this.focus : null;
    this.tip.hidden = true;
    this.changed();
  }

  // Half or twice as many tokens around the one in focus.
  nearer(closer) {
    const range = (shown, all, centre) => {
      const size = Math.max(4, Math.round((shown[shown.length - 1] - shown[0] + 1) * (closer ? 0.5 : 2)));
      const first = clamp((centre ?? shown[0]) - Math.floor(size / 2), 0, Math.max(0, all - size));
      return [first, Math.min(all, first + size) - 1];
    };
    const row = range(this.rows, this.head.rows.length, this.focus?.row);
    const column = range(this.columns, this.head.columns.length, this.focus?.column);
    const everything = row[1] - row[0] + 1 >= this.head.rows.length && column[1] - column[0] + 1 >= this.head.columns.length;
    this.zoom = everything ? null : { row, column };
    this.changed();
  }

  click(event) {
    const found = this.under(event);
    if (this.dropped) {
      this.dropped = false;
      return;
    }
    if (!found) return;
    this.focus = found;
    if (found.side !== "cell" && event.pointerType !== "touch") this.mask(this.pointed(found));
    this.touched();
  }

  key(event) {
    if (!this.values || event.ctrlKey || event.altKey || event.metaKey) return;
    const focus = this.focus ?? { row: this.rows[0], column: this.columns[0], side: "row" };
    const step = (indices, current, by) => indices[clamp(indices.indexOf(current) + by, 0, indices.length - 1)];
    const [vertical, horizontal] = [
      { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -1e6, End: 1e6 }[event.key],
      { ArrowLeft: -1, ArrowRight: 1 }[event.key],
    ];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.mask(this.pointed(focus));
      return;
    }
    if (event.key === "+" || event.key === "-") {
      event.preventDefault();
      this.nearer(event.key === "+");
      return;
    }
    if (event.key === "Escape") {
      this.focus = null;
      this.enlarge(null);
      return;
    }
    if (vertical === undefined && horizontal === undefined) return;
    event.preventDefault();
    const started = this.focus !== null;
    if (horizontal !== undefined && this.mode === "map") {
      this.focus = { row: focus.row ?? this.rows[0], column: step(this.columns, focus.column, horizontal), side: "cell" };
    } else {
      const side = horizontal === undefined ? focus.side : horizontal < 0 ? "row" : "column";
      const by = horizontal === undefined && started ? vertical : 0;
      if (side === "column") {
        const column = step(this.columns, focus.column, by);
        const row = this.head.rows.indexOf(this.head.columns[column]);
        this.focus = { row: row < 0 ? null : row, column, side };
      } else {
        const row = step(this.rows, focus.row, by);
        const column = this.head.columns.indexOf(this.head.rows[row]);
        this.focus = side === "cell" ? { row, column: focus.column, side } : { row, column: column < 0 ? null : column, side: "row" };
      }
    }
    this.tip.hidden = true;
    this.touched();
    this.tell(this.spoken());
  }

  spoken() {
    const lists = this.topLinks();
    return lists
      .filter((list) => list.caption)
      .map((list) => `${list.caption}: ${list.links.slice(0, 4).map(([p, v]) => `${this.head.labels[p]} ${this.number(v)}`).join(", ")}`)
      .join(". ");
  }

  // The two lists: where the token in focus looks, and who looks at it.
  topLinks() {
    const { head, focus, words } = this;
    const list = (template, position, places, value) => ({
      caption: fill(template, { token: this.token(position) }),
      links: places
        .map(([place, target]) => [target, value(place), place])
        .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))
        .slice(0, LISTED),
    });
    const nothing = { caption: "", links: [] };
    const { row, column } = focus ?? {};
    return [
      focus && row !== null && this.rows.includes(row)
        ? list(words.looksAt, head.rows[row], this.columns.map((c) => [c, head.columns[c]]), (c) => this.value(row, c))
        : nothing,
      focus && column !== null && this.columns.includes(column)
        ? list(words.lookedAtBy, head.columns[column], this.rows.map((r) => [r, head.rows[r]]), (r) => this.value(r, column))
        : nothing,
    ];
  }

  fillPanel() {
    const { head, words } = this;
    const position = this.focus ? this.pointed(this.focus) : undefined;
    const key = JSON.stringify([this.focus, this.drawn, this.id, this.masked, this.compare, this.hidden, this.values !== null]);
    this.hide(this.maskButton, head.offline || position === undefined || position === null || !head.maskable[position]);
    if (!this.maskButton.hidden) {
      const on = head.masked.includes(position);
      this.maskButton.textContent = fill(on ? words.unmaskToken : words.maskThis, { token: this.token(position) });
    }
    if (key === this.panelKey) return;
    this.panelKey = key;
    const lists = this.values ? this.topLinks() : [{ caption: "", links: [] }, { caption: "", links: [] }];
    lists.forEach((list, i) => {
      const shown = this.lists[i];
      shown.caption.textContent = list.caption || [words.looksAtNothing, words.lookedAtByNothing][i];
      shown.caption.classList.toggle("note", !list.caption);
      shown.rows.forEach(({ row, name, bar, number }, k) => {
        const link = list.links[k];
        row.classList.toggle("empty", !link);
        name.textContent = link ? this.token(link[0]) : "";
        name.title = link ? head.labels[link[0]] : "";
        bar.style.width = link ? `${100 * Math.min(1, Math.abs(link[1]))}%` : "0";
        bar.classList.toggle("less", !!link && link[1] < 0);
        number.textContent = link ? this.number(link[1]) : "";
      });
    });
  }

  // -- taking it away --

  save(blob, ending) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `attention-${this.fileName()}.${ending}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  fileName() {
    const [layers, heads] = this.head.shape;
    if (this.chosen === layers * (heads + 1)) return "all-heads-mean";
    const [x, y] = this.tilePlace(this.chosen);
    return x === heads ? `layer-${y + 1}-mean` : `layer-${y + 1}-head-${x + 1}`;
  }

  savePng() {
    const g = this.geometry;
    const sheet = document.createElement("canvas");
    sheet.width = g.width * EXPORT_SCALE;
    sheet.height = (g.height + 28) * EXPORT_SCALE;
    const context = sheet.getContext("2d");
    context.scale(EXPORT_SCALE, EXPORT_SCALE);
    context.fillStyle = this.ground;
    context.fillRect(0, 0, g.width, g.height + 28);
    context.fillStyle = this.ink;
    context.font = `600 14px ${this.sans}`;
    context.fillText(this.exportTitle(), 6, 18);
    context.drawImage(this.canvas, 0, 28, g.width, g.height);
    sheet.toBlob((blob) => blob && this.save(blob, "png"), "image/png");
  }

  exportTitle() {
    return `${this.head.model} · ${this.name(this.drawn ?? this.chosen)}`;
  }

  saveSvg() {
    this.save(new Blob([this.svg()], { type: "image/svg+xml" }), "svg");
  }

  svg() {
    const { geometry: g, rows, columns } = this;
    const at = (value) => value.toFixed(1);
    const parts = [];
    const label = (x, y, position, anchor, turn = "") =>
      parts.push(`<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}" dominant-baseline="central"${turn} font-family="monospace" font-size="${this.font}">${escapeXml(this.texts[position])}</text>`);
    const every = this.every(g.rowHeight);
    if (this.values && this.mode === "map") {
      // One rectangle for a run of equal cells; those that look like the ground are left out.
      rows.forEach((row, i) => {
        let start = 0;
        const colours = columns.map((column) => css(this.shade(this.value(row, column))));
        const blank = css(this.shade(0));
        for (let j = 1; j <= columns.length; j++) {
          if (j < columns.length && colours[j] === colours[start]) continue;
          if (colours[start] !== blank)
            parts.push(`<rect x="${at(g.left + start * g.cell)}" y="${at(g.top + i * g.rowHeight)}" width="${at((j - start) * g.cell)}" height="${at(g.rowHeight)}" fill="${colours[start]}"/>`);
          start = j;
        }
        if (i % every === 0) label(g.left - 6, g.top + (i + 0.5) * g.rowHeight, this.head.rows[row], "end");
      });
      columns.forEach((column, j) => {
        const [x, y] = [g.left + (j + 0.5) * g.cell, g.top - 6];
        if (j % this.every(g.cell) === 0) label(x, y, this.head.columns[column], "start", ` transform="rotate(-60 ${at(x)} ${at(y)})"`);
      });
      parts.push(`<rect x="${at(g.left)}" y="${at(g.top)}" width="${at(g.cell * columns.length)}" height="${at(g.rowHeight * rows.length)}" fill="none" stroke="${css(parseColour(this.ink), 0.3)}"/>`);
    } else if (this.values) {
      const bend = (g.right - g.left) * 0.35;
      for (const [i, j, value] of this.links()) {
        const [y, z] = [g.top + (i + 0.5) * g.rowHeight, g.top + (j + 0.5) * g.rowHeight];
        parts.push(`<path d="M${at(g.left)} ${at(y)}C${at(g.left + bend)} ${at(y)} ${at(g.right - bend)} ${at(z)} ${at(g.right)} ${at(z)}" fill="none" stroke="${this.lineStyle(value)}" stroke-width="${g.rowHeight > 10 ? 2 : 1}"/>`);
      }
      rows.forEach((row, i) => i % every === 0 && label(g.left - 8, g.top + (i + 0.5) * g.rowHeight, this.head.rows[row], "end"));
      columns.forEach((column, j) => j % every === 0 && label(g.right + 8, g.top + (j + 0.5) * g.rowHeight, this.head.columns[column], "start"));
    }
    const title = escapeXml(this.exportTitle());
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${at(g.width)}" height="${at(g.height + 28)}" viewBox="0 -28 ${at(g.width)} ${at(g.height + 28)}" fill="${css(parseColour(this.ink))}">` +
      `<title>${title}</title><rect x="0" y="-28" width="100%" height="100%" fill="${css(parseColour(this.ground))}"/>` +
      `<text x="6" y="-10" font-family="sans-serif" font-size="14" font-weight="600">${title}</text>${parts.join("")}</svg>`
    );
  }
}
