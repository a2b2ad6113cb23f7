// A text box whose tokens follow the typing. Text, tokens and ids are linked: pointing at one marks the others.
//
// The box belongs to whoever types: what the server says about the text is only taken over when it was changed
// elsewhere (`data.n` is the number of the last text that the server got from here). Everything is written as text,
// never as HTML.

const SEND_AFTER = 50; // ms without a keystroke
const SEND_AT_LATEST = 150; // ms of steady typing
const SETTLE_AFTER = 400; // ms until the rest of the page is asked to follow
const GLYPHS_FOR = 8000; // characters whose white space is drawn
const GLYPHS = new Map([[" ", "·"], ["\t", "→"], ["\n", "¶"], ["\u00a0", "⍽"], ["\u3000", "□"]]);
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/;

const REMEMBERED = 2000; // ms
const JUST_NOW = 50; // ms

// What was being typed in a box that was taken away: the page may put another in its place. What is typed meanwhile has no
// box to go to, and is written here.
let left = null;

/** Whether another field has the focus. */
function elsewhere() {
  const { activeElement } = document;
  return Boolean(activeElement) && activeElement !== document.body;
}

/** A key while there is no box. Where another field has the focus, it is that field's. */
function keep(event) {
  if (!left || performance.now() - left.at > REMEMBERED || elsewhere()) {
    window.removeEventListener("keydown", keep, true);
    return;
  }
  const letter = event.key === "Enter" ? "\n" : event.key;
  if ([...letter].length !== 1 || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  left.text = left.text.slice(0, left.from) + letter + left.text.slice(left.to);
  left.from = left.to = left.from + letter.length;
  left.known = false;
  event.preventDefault();
  event.stopImmediatePropagation(); // letters are shortcuts of the app
}

const wellFormed = (text) => text.replace(/\p{Surrogate}/gu, "\ufffd");

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function glyph(character) {
  return GLYPHS.get(character) ?? (HIDDEN.test(character) ? "¦" : /\s/.test(character) ? "·" : "");
}

/** Code point offsets, as the server counts, to offsets in a JavaScript string. */
function places(text) {
  const found = [];
  let at = 0;
  for (const character of text) {
    found.push(at);
    at += character.length;
  }
  found.push(at);
  return found;
}

/** Text with one span for each stretch that belongs to the same tokens; returns the spans of each token. */
function write(target, text, tokens, source, whiteSpace) {
  const where = places(text);
  const ranges = tokens
    .map((token, index) => ({ index, source: token.source, start: where[token.start], end: where[token.end] }))
    .filter((range) => range.source === source && range.end > range.start);
  const cuts = [...new Set([0, text.length, ...ranges.flatMap((range) => [range.start, range.end])])].sort((a, b) => a - b);
  const spans = new Map();
  const content = document.createDocumentFragment();
  let next = 0;
  let open = [];
  for (let i = 0; i + 1 < cuts.length; i += 1) {
    const [from, to] = [cuts[i], cuts[i + 1]];
    while (next < ranges.length && ranges[next].start <= from) open.push(ranges[next++]);
    open = open.filter((range) => range.end > from);
    const span = element("span", open.length ? "piece" : "");
    for (const range of open) spans.set(range.index, [...(spans.get(range.index) ?? []), span]);
    if (open.length) span.dataset.token = String(open[0].index);
    let plain = "";
    for (const character of text.slice(from, to)) {
      const shown = whiteSpace && from < GLYPHS_FOR ? glyph(character) : "";
      if (!shown) {
        plain += character;
        continue;
      }
      if (plain) span.append(plain);
      plain = "";
      const space = element("span", "space", character);
      space.dataset.glyph = shown;
      span.append(space);
    }
    if (plain) span.append(plain);
    content.append(span);
  }
  content.append("\u200b"); // so that a last empty line has its height
  target.replaceChildren(content);
  return spans;
}

function build(parent) {
  const root = element("div", "typing");
  const head = element("div", "head");
  const label = element("label");
  const toggle = element("button", "toggle");
  const field = element("div", "field");
  const mirror = element("div", "mirror");
  const box = element("textarea");
  const pair = element("div", "pair");
  const chips = element("div", "chips");
  const detail = element("div", "detail");
  const keys = element("div", "keys");
  const scroll = element("div", "scroll");
  const id = `typing-${Math.random().toString(36).slice(2)}`;
  label.htmlFor = id;
  box.id = id;
  box.rows = 1;
  box.spellcheck = false;
  box.autocomplete = "off";
  box.setAttribute("autocapitalize", "off");
  toggle.type = "button";
  mirror.setAttribute("aria-hidden", "true");
  chips.setAttribute("role", "list");
  scroll.tabIndex = 0;
  head.append(label, toggle);
  field.append(mirror, box);
  root.append(head, field, pair, chips, detail, keys, scroll);
  parent.append(root);
  return { root, label, toggle, field, mirror, box, pair, chips, detail, keys, scroll };
}

class Typing {
  constructor(parent) {
    Object.assign(this, build(parent));
    this.data = null;
    this.sent = 0; // number of the last text that was sent
    this.waiting = false; // something was typed that has not been sent
    this.composing = false;
    this.whiteSpace = false;
    this.timers = {};
    this.marked = -1;
    this.gone = 0; // when the focus went elsewhere: the browser may take it as it takes the box away
    this.current = 0; // the chip that the tab key reaches
    this.listen();
  }

  listen() {
    const { box, chips, scroll, field, toggle, mirror, pair } = this;
    box.addEventListener("input", () => this.typed());
    box.addEventListener("compositionstart", () => {
      this.composing = true;
      this.stop();
    });
    box.addEventListener("compositionend", () => {
      this.composing = false;
      this.typed();
    });
    box.addEventListener("focus", () => {
      this.gone = Infinity;
    });
    box.addEventListener("blur", () => {
      this.gone = performance.now();
      if (this.waiting && !this.composing) this.send();
    });
    box.addEventListener("keydown", (event) => event.stopPropagation()); // letters are no shortcuts of the app here
    box.addEventListener("scroll", () => {
      mirror.scrollTop = box.scrollTop;
    });
    field.addEventListener("mousemove", (event) => {
      const under = field.getRootNode().elementsFromPoint(event.clientX, event.clientY);
      const span = under.map((found) => found.closest?.("[data-token]")).find(Boolean);
      this.mark(span ? Number(span.dataset.token) : -1);
    });
    for (const area of [pair, chips, scroll])
      area.addEventListener("mouseover", (event) => {
        const found = event.target.closest("[data-token]");
        if (found) this.mark(Number(found.dataset.token));
      });
    for (const area of [field, pair, chips, scroll]) area.addEventListener("mouseleave", () => this.mark(-1));
    chips.addEventListener("focusin", (event) => {
      const found = event.target.closest("[data-token]");
      if (found) this.mark((this.current = Number(found.dataset.token)));
    });
    chips.addEventListener("focusout", () => this.mark(-1));
    chips.addEventListener("keydown", (event) => this.key(event));
    chips.addEventListener("click", (event) => {
      const found = event.target.closest("[data-token]");
      if (found) this.pick(Number(found.dataset.token));
    });
    toggle.addEventListener("click", () => {
      this.whiteSpace = !this.whiteSpace;
      toggle.setAttribute("aria-pressed", String(this.whiteSpace));
      this.drawText();
    });
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(field);
  }

  typed() {
    this.waiting = true;
    this.since ??= performance.now();
    this.drawText();
    this.fit();
    this.stop();
    if (this.composing) return;
    const latest = SEND_AT_LATEST - (performance.now() - this.since);
    this.timers.send = setTimeout(() => this.send(), Math.max(0, Math.min(SEND_AFTER, latest)));
    this.timers.settle = setTimeout(() => this.component.setTriggerValue("settled", this.sent), SETTLE_AFTER);
  }

  stop() {
    clearTimeout(this.timers.send);
    clearTimeout(this.timers.settle);
  }

  send() {
    clearTimeout(this.timers.send);
    this.waiting = false;
    this.since = undefined;
    this.sent += 1;
    this.component.setStateValue("typed", { n: this.sent, text: wellFormed(this.box.value) });
  }

  pick(index) {
    const token = this.data.tokens[index];
    if (this.data.pick && token.start !== null) this.component.setTriggerValue("picked", [token.source, token.word]);
  }

  key(event) {
    const count = this.chips.children.length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -count, End: count };
    if (event.key in steps) {
      const target = Math.min(Math.max(this.current + steps[event.key], 0), count - 1);
      this.chips.children[target].focus();
      event.preventDefault();
    } else if (event.key === "Enter" || event.key === " ") {
      this.pick(this.current);
      event.preventDefault();
    }
  }

  /** As tall as its text, up to a limit that the style sets. */
  fit() {
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight + 2}px`;
    this.mirror.scrollTop = this.box.scrollTop;
  }

  /** The copy under the box: its letters are invisible, its marks and its white space are not. */
  drawText() {
    const known = this.data && wellFormed(this.box.value) === this.data.text;
    const tokens = this.data ? this.data.tokens : [];
    this.spans = write(this.mirror, this.box.value, known ? tokens : [], 0, this.whiteSpace);
    const second = this.data?.pair ?? "";
    this.pair.hidden = !second;
    if (!second) return;
    const content = element("span", "copy");
    for (const [index, spans] of write(content, second, tokens, 1, this.whiteSpace)) this.spans.set(index, spans);
    this.pair.replaceChildren(element("b", "", this.data.words.pair), content);
  }

  drawChips() {
    const { tokens, words } = this.data;
    const focused = this.chips.contains(this.root.getRootNode().activeElement);
    const content = document.createDocumentFragment();
    this.current = Math.min(this.current, Math.max(tokens.length - 1, 0));
    tokens.forEach((token, index) => {
      const chip = element("span", `chip ${token.kind}`);
      if (tokens[index + 1]?.kind === "continuation") chip.classList.add("joined");
      if (token.source === 1) chip.classList.add("second");
      if (this.data.pick && token.start !== null) chip.classList.add("pick");
      if (token.start !== null && `${token.source}:${token.word}` === this.data.chosen) chip.classList.add("chosen");
      chip.dataset.token = String(index);
      chip.tabIndex = index === this.current ? 0 : -1;
      chip.setAttribute("role", "listitem");
      chip.setAttribute("aria-label", this.describe(token));
      chip.append(element("b", "", token.text), element("small", "", String(token.id)));
      content.append(chip);
    });
    this.chips.replaceChildren(content);
    this.chips.setAttribute("aria-label", words.tokens);
    if (focused) this.chips.children[this.current]?.focus();
  }

  describe(token) {
    const { words } = this.data;
    const parts = [token.text, words.kinds[token.kind], `${words.id} ${token.id}`, `${words.position} ${token.position}`];
    parts.push(`${words.segment} ${"AB"[token.segment] ?? token.segment}`);
    if (token.start !== null) parts.push(`${words.characters} ${token.start}–${token.end}`);
    return parts.join(" · ");
  }

  drawKeys() {
    const { tokens, words } = this.data;
    const kinds = Object.keys(words.kinds).filter((kind) => tokens.some((token) => token.kind === kind));
    const entries = kinds.map((kind) => [kind, kind === "continuation" ? "##" : "ab", words.kinds[kind]]);
    if (tokens.some((token) => token.source === 1)) entries.push(["second", "ab", words.pair]);
    this.keys.replaceChildren(
      ...entries.map(([kind, sample, name]) => {
        const entry = element("span");
        const chip = element("span", `chip ${kind}`);
        chip.append(element("b", "", sample));
        entry.append(chip, name);
        return entry;
      }),
    );
  }

  drawTable() {
    const { tokens, words, columns } = this.data;
    this.scroll.hidden = !columns.length || !tokens.length;
    if (this.scroll.hidden) return;
    this.scroll.setAttribute("aria-label", words.table);
    const table = element("table");
    const head = element("tr");
    for (const name of columns) head.append(element("th", "", name));
    const top = element("thead");
    top.append(head);
    const body = element("tbody");
    const texts = [this.data.text, this.data.pair].map((text) => [...text]);
    tokens.forEach((token, index) => {
      const row = element("tr", token.kind);
      row.dataset.token = String(index);
      const inside = token.start !== null;
      const cells = [
        token.text,
        token.id,
        words.kinds[token.kind],
        inside ? `${token.start}–${token.end}` : "",
        inside ? texts[token.source].slice(token.start, token.end).join("") : "",
        token.position,
        token.segment,
        token.attended ? 1 : 0,
      ];
      cells.forEach((cell, i) => row.append(element("td", i === 0 || i === 4 ? "code" : "", String(cell))));
      body.append(row);
    });
    table.append(top, body);
    this.scroll.replaceChildren(table);
  }

  mark(index) {
    if (index === this.marked) return;
    for (const marked of this.root.querySelectorAll(".on")) marked.classList.remove("on");
    this.marked = index;
    const token = this.data?.tokens[index];
    this.detail.textContent = token ? this.describe(token) : this.data.words.hint;
    this.detail.classList.toggle("quiet", !token);
    if (!token) return;
    for (const span of this.spans.get(index) ?? []) span.classList.add("on");
    this.chips.children[index]?.classList.add("on");
    this.scroll.querySelector(`tr[data-token="${index}"]`)?.classList.add("on");
  }

  update(component) {
    this.component = component;
    const { data } = component;
    const written = JSON.stringify(data);
    if (written === this.written) return;
    const first = !this.data;
    if (first) this.sent = data.n;
    const changedElsewhere = first || (data.n === this.sent && !this.waiting && !this.composing);
    if (data.n < this.sent && data.text !== wellFormed(this.box.value)) return; // of a moment ago; a newer one follows
    this.written = written;
    this.data = data;
    this.label.textContent = data.words.label;
    this.toggle.textContent = data.words.whiteSpace;
    this.toggle.setAttribute("aria-pressed", String(this.whiteSpace));
    this.box.placeholder = data.words.placeholder;
    if (changedElsewhere && data.text !== wellFormed(this.box.value)) this.box.value = data.text;
    this.drawText();
    this.drawChips();
    this.drawKeys();
    this.drawTable();
    this.fit();
    const marked = this.marked < data.tokens.length ? this.marked : -1;
    this.marked = -2;
    this.mark(marked);
    if (first) this.resume();
  }

  /** Go on with what was being typed when the box before this one was taken away; who has gone to another field stays there. */
  resume() {
    const { text, from, to, known, sent, at } = left ?? { at: -Infinity };
    left = null;
    window.removeEventListener("keydown", keep, true);
    if (performance.now() - at > REMEMBERED) return;
    this.sent = Math.max(this.sent, sent); // what the box before sent may still be answered
    if (!known) this.box.value = text;
    if (!elsewhere()) {
      this.box.focus();
      this.box.setSelectionRange(from, to);
    }
    if (!known) this.typed();
  }

  end() {
    const { box } = this;
    const known = !this.waiting && this.data?.n === this.sent; // the page has this text
    const typing = this.gone === Infinity || performance.now() - this.gone < JUST_NOW;
    if (typing || !known) left = { text: box.value, from: box.selectionStart, to: box.selectionEnd, known, sent: this.sent, at: performance.now() };
    if (typing) window.addEventListener("keydown", keep, true);
    this.stop();
    this.observer.disconnect();
    this.root.remove();
  }
}

export default function (component) {
  const { parentElement } = component;
  const typing = (parentElement.studioTyping ??= new Typing(parentElement));
  typing.update(component);
  return () => {
    typing.end();
    delete parentElement.studioTyping;
  };
}
