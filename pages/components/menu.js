// On a narrow screen the navigation lies over the page, and Streamlit leaves it there when a page was chosen: here it closes.

let listens = false;

export default function () {
  if (listens) return;
  listens = true;
  document.addEventListener("click", (event) => {
    if (!event.target.closest('[data-testid="stSidebarNavLink"]')) return;
    document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  });
}
