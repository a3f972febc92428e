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

// An address names what was chosen, and not what was left as it is.
document.addEventListener("htmx:configRequest", (event) => {
  const { formData, verb } = event.detail;
  if (verb === "get") for (const name of new Set(formData.keys())) if (formData.get(name) === "") formData.delete(name);
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

// Focus that a replaced part took with it goes to what came in its place, so that the keyboard goes on from there.
let isHeld = false;
document.addEventListener("htmx:beforeSwap", (event) => (isHeld = event.detail.target.contains(document.activeElement)));
document.addEventListener("htmx:afterSettle", (event) => {
  if (!isHeld || (document.activeElement && document.activeElement !== document.body)) return;
  isHeld = false;
  focusOn(event.target);
});

// An element that no key reaches, and whose words are to be read next.
function focusOn(element) {
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

// What an act led to: <div data-outcome>.
const outcome = document.querySelector("[data-outcome]");
if (outcome) focusOn(outcome);

// What was opened within a page, and is closed again: <div data-opened="link that opened it"> around <button data-close>.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-close]");
  if (!button) return;
  const place = button.closest("[data-opened]");
  history.replaceState(history.state, "", button.dataset.close);
  place.replaceChildren();
  document.getElementById(place.dataset.opened)?.focus();
});

// Another release of the page as its address is by now, which may differ from the one that was loaded.
document.querySelector("form.at:not([data-leads])")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const words = new URLSearchParams(location.search);
  words.set("at", event.target.elements.at.value);
  location.assign(`${location.pathname}?${words}`);
});

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
