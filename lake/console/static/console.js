// What works better with script than without. Pages declare it with data attributes.

const root = document.documentElement;

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

for (const button of document.querySelectorAll("[data-theme-toggle]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem("raglake-theme", root.dataset.theme);
  });
}

// A choice that is a request: <select data-submits>.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

// A key that leads to a field, unless one is being written in: <input data-focus-key="/">.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const field = document.querySelector(`[data-focus-key="${CSS.escape(event.key)}"]`);
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});

// What is open where there is room for it: <details open data-open-when-wide>.
function fold(within) {
  if (matchMedia("(min-width: 60rem)").matches) return;
  for (const one of within.querySelectorAll("[data-open-when-wide]")) one.open = false;
}
fold(document);
document.addEventListener("htmx:load", (event) => fold(event.target));

// What people who can't see that a part was replaced are told of it: <p data-announced>.
document.addEventListener("htmx:load", (event) => {
  const one = event.target.querySelector("[data-announced]");
  if (one) document.getElementById("announced").textContent = one.textContent;
});

// What a response says for a moment: header HX-Trigger: {"said": "..."}.
document.addEventListener("said", (event) => say(event.detail.value));

export function say(text) {
  const place = document.getElementById("said");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => place.classList.remove("shown"), 4000);
}
