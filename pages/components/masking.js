// Tokens as chips that can be pressed: a click, Enter or the space bar masks a token, and again takes the mask away.
//
// A press shows at once; the server gets the whole set of pressed places with a number, so that quick presses cannot
// overtake each other. Pointing at a chip, or reaching it with the arrow keys, says what it is without the server.
// Everything is written as text, never as HTML.

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function build(parent) {
  const root = element("div", "masking");
  const chips = element("div", "chips");
  const detail = element("div", "detail");
  const keys = element("div", "keys");
  chips.setAttribute("role", "group");
  detail.setAttribute("aria-hidden", "true"); // every chip carries the same as its own name
  root.append(chips, detail, keys);
  parent.append(root);
  return { root, chips, detail, keys };
}

class Masking {
  constructor(parent) {
    Object.assign(this, build(parent));
    this.data = null;
    this.pressed = new Set();
    this.sent = 0; // number of the last set of pressed places that was sent
    this.current = 0; // the chip that the tab key reaches
    this.marked = -1;
    this.listen();
  }

  listen() {
    const { chips } = this;
    const place = (event) => Number(event.target.closest("[data-token]")?.dataset.token ?? -1);
    chips.addEventListener("click", (event) => this.press(place(event)));
    chips.addEventListener("mouseover", (event) => this.mark(place(event)));
    chips.addEventListener("mouseleave", () => this.mark(-1));
    chips.addEventListener("focusin", (event) => this.mark((this.current = Math.max(place(event), 0))));
    chips.addEventListener("focusout", () => this.mark(-1));
    chips.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const count = this.chips.children.length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -count, End: count };
    if (event.key in steps) {
      const target = Math.min(Math.max(this.current + steps[event.key], 0), count - 1);
      this.chips.children[this.current].tabIndex = -1;
      this.chips.children[target].tabIndex = 0;
      this.chips.children[target].focus();
    } else if (event.key === "Enter" || event.key === " ") this.press(this.current);
    else return;
    event.preventDefault();
    event.stopPropagation(); // these keys are no shortcuts of the app here
  }

  /** The places that are pressed together with this one: those of its group, as the pieces of a word. */
  together(index) {
    const { group } = this.data.tokens[index];
    const places = this.data.tokens.map((_, i) => i);
    return group === null ? [index] : places.filter((i) => this.data.tokens[i].group === group);
  }

  press(index) {
    const token = this.data?.tokens[index];
    if (!token || token.pressed === null) return;
    const on = !this.pressed.has(index);
    for (const place of this.together(index)) {
      if (on) this.pressed.add(place);
      else this.pressed.delete(place);
      this.dress(place);
    }
    this.sent += 1;
    const pressed = [...this.pressed].sort((a, b) => a - b);
    this.component.setStateValue("pressed", { n: this.sent, id: this.data.id, places: pressed });
  }

  /** Show one chip as pressed or not. */
  dress(index) {
    const token = this.data.tokens[index];
    const chip = this.chips.children[index];
    const on = this.pressed.has(index);
    chip.classList.toggle("masked", on);
    chip.children[0].textContent = on ? this.data.mask : token.text;
    chip.children[1].textContent = on ? token.text : token.small;
    if (token.pressed !== null) chip.setAttribute("aria-pressed", String(on));
  }

  draw() {
    const { tokens, words, keys } = this.data;
    const focused = this.chips.contains(this.root.getRootNode().activeElement);
    const content = document.createDocumentFragment();
    this.current = Math.min(this.current, Math.max(tokens.length - 1, 0));
    tokens.forEach((token, index) => {
      const chip = element("span", `chip ${token.look}`);
      const can = token.pressed !== null;
      if (can) chip.classList.add("can");
      if (token.level !== null) chip.style.setProperty("--level", String(token.level));
      chip.dataset.token = String(index);
      chip.tabIndex = index === this.current ? 0 : -1;
      chip.setAttribute("role", can ? "button" : "img");
      chip.setAttribute("aria-label", token.about);
      chip.append(element("b"), element("small"));
      content.append(chip);
    });
    this.chips.replaceChildren(content);
    this.chips.setAttribute("aria-label", words.label);
    tokens.forEach((_, index) => this.dress(index));
    this.keys.replaceChildren(
      ...keys.map(([look, sample, name]) => {
        const entry = element("span");
        const chip = element("span", `chip ${look}`);
        chip.append(element("b", "", sample));
        entry.append(chip, name);
        return entry;
      }),
    );
    if (focused) this.chips.children[this.current]?.focus();
  }

  mark(index) {
    this.marked = index;
    const token = this.data?.tokens[index];
    this.detail.textContent = token ? token.about : (this.data?.words.hint ?? "");
    this.detail.classList.toggle("quiet", !token);
  }

  update(component) {
    this.component = component;
    const { data } = component;
    const written = JSON.stringify(data);
    if (written === this.written) return;
    const same = this.data?.id === data.id;
    if (same && data.n < this.sent) return; // an answer to a press of a moment ago; a newer one follows
    this.written = written;
    this.data = data;
    this.sent = Math.max(this.sent, data.n);
    this.pressed = new Set(data.tokens.flatMap((token, index) => (token.pressed ? [index] : [])));
    this.draw();
    this.mark(this.marked < data.tokens.length ? this.marked : -1);
  }
}

export default function (component) {
  const { parentElement } = component;
  const masking = (parentElement.studioMasking ??= new Masking(parentElement));
  masking.update(component);
  return () => {
    masking.root.remove();
    delete parentElement.studioMasking;
  };
}
