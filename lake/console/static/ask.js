// Asks without leaving the page: shows the answer as it is written, then what the server made of it.

import { events, isStream, message, notice } from "./streams.js";

const form = document.getElementById("ask");
const place = document.getElementById("answer");
let running = null;
let asked = location.search;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const words = new URLSearchParams(new FormData(form));
  history.pushState(null, "", `${form.getAttribute("action")}?${words}`);
  asked = location.search;
  ask(words);
});
// Another question of the visitor's way, but not a link within this page, which would lose the answer.
addEventListener("popstate", () => location.search !== asked && location.reload());
if ("start" in form.dataset) ask(new URLSearchParams(new FormData(form)));

async function ask(words) {
  running?.abort();
  running = new AbortController();
  words.set("csrf", document.querySelector('#ask-token input[name="csrf"]').value);
  place.replaceChildren(document.getElementById("writing").content.cloneNode(true));
  place.setAttribute("aria-busy", "true");
  try {
    const reply = await fetch(form.dataset.stream, { method: "POST", body: words, signal: running.signal });
    if (reply.redirected) return location.assign(reply.url);
    if (!isStream(reply)) return fail(await message(reply));
    let last = "";
    for await (const [name, value] of events(reply.body)) show((last = name), value);
    if (last === "text" || !last) fail("The answer broke off. Ask again.");
  } catch (error) {
    if (error.name !== "AbortError") fail("The connection broke before the answer was complete. Ask again.");
  } finally {
    place.removeAttribute("aria-busy");
  }
}

function show(name, value) {
  if (name === "text") {
    place.querySelector(".writing .row")?.remove();
    place.querySelector(".answer-text").textContent += value.text;
  } else if (name === "answer") {
    place.innerHTML = value; // rendered and escaped by this service
    window.htmx?.process(place);
  } else if (name === "error") fail(value.message);
}

function fail(text) {
  place.replaceChildren(notice(text));
}

// A citation leads to its source, which says so for a moment.
document.addEventListener("click", (event) => {
  const source = event.target.closest(".cite") && document.querySelector(event.target.closest(".cite").getAttribute("href"));
  if (!source) return;
  event.preventDefault();
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  source.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "center" });
  source.focus({ preventScroll: true });
  for (const other of document.querySelectorAll(".sources .meant")) other.classList.remove("meant");
  source.classList.add("meant");
});
