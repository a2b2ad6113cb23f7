// Copies the address of the page as it is when the button is pressed.

const NOTICE = 2000; // ms that the button says that the link was copied
const CHAIN = "M7 17a5 5 0 0 1 0-10h4v2H7a3 3 0 0 0 0 6h4v2H7Zm1-4v-2h8v2H8Zm5 4v-2h4a3 3 0 0 0 0-6h-4V7h4a5 5 0 0 1 0 10h-4Z";
const SVG = "http://www.w3.org/2000/svg";

export default function ({ data, parentElement }) {
  let button = parentElement.querySelector("button");
  if (!button) {
    button = document.createElement("button");
    const icon = document.createElementNS(SVG, "svg");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    icon.append(document.createElementNS(SVG, "path"));
    icon.firstChild.setAttribute("d", CHAIN);
    button.append(icon, document.createElement("span"));
    parentElement.append(button);
  }
  button.title = data.help;
  const say = (text) => { button.lastChild.textContent = text; };
  button.setAttribute("aria-live", "polite");
  say(data.label);
  button.onclick = async () => {
    const copied = await copy(location.href, parentElement, data.failed);
    if (!copied) return;
    say(data.done);
    setTimeout(() => say(data.label), NOTICE);
  };
}

/**
 * Put a text on the clipboard. The browser keeps navigator.clipboard from pages that come neither from this machine nor over https: there
 * the selected text of a field is copied. Where that is refused too, the field stays until it is left, for the visitor to copy from.
 */
async function copy(text, place, label) {
  if (navigator.clipboard && (await navigator.clipboard.writeText(text).then(() => true, () => false))) return true;
  place.querySelector("input")?.remove();
  const field = document.createElement("input");
  field.readOnly = true;
  field.value = text;
  field.title = label;
  field.setAttribute("aria-label", label);
  place.append(field);
  field.select();
  const copied = document.execCommand("copy");
  if (copied) field.remove();
  else field.onblur = () => field.remove();
  return copied;
}
