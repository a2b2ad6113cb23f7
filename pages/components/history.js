// One entry of the browser's history for each page: an address that differs only in its inputs takes the place of the
// address before, so that Back leaves the page. Streamlit, which writes the addresses, adds an entry for every change.
//
// A page that the server opens late, after Back or Forward has already left it again, is not to be added either: only a
// click opens another page. The first address of a visit is written here, because Streamlit may have it before this part.

const EMBEDDING = ["embed", "embed_options"]; // Streamlit's own parameters

let travelling = false; // Back or Forward was pressed, and nothing has been clicked since

function writeFirst(query) {
  const asked = new URLSearchParams(location.search);
  const shown = new URLSearchParams(query);
  for (const name of EMBEDDING) for (const value of asked.getAll(name)) shown.append(name, value);
  history.replaceState(history.state, "", `${location.pathname}${shown.size ? `?${shown}` : ""}${location.hash}`);
}

export default function ({ data }) {
  if (Object.hasOwn(history, "pushState")) return; // done: the browser's own belongs to the prototype
  writeFirst(data);
  window.addEventListener("popstate", () => { travelling = true; });
  window.addEventListener("click", () => { travelling = false; }, true);
  history.pushState = function (state, unused, address) {
    if (new URL(address, location.href).pathname === location.pathname) history.replaceState(state, unused, address);
    else if (!travelling) History.prototype.pushState.call(history, state, unused, address);
  };
}
