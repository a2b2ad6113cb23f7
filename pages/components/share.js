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
    if (!(await copy(location.href))) prompt(data.failed, location.href);
    else {
      say(data.done);
      setTimeout(() => say(data.label), NOTICE);
    }
  };
}

/** Put a text on the clipboard; the browser refuses it to pages that come neither from this machine nor over https. */
async function copy(text) {
  if (!navigator.clipboard) return false;
  return navigator.clipboard.writeText(text).then(() => true, () => false);
}
