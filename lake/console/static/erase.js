// Erases without leaving the page: shows how far it is, then what the server made of the proof.

import { events, isStream, message, notice } from "./streams.js";

let form = null;

document.addEventListener("submit", (event) => {
  if (event.target.id !== "erase") return;
  event.preventDefault();
  form = event.target;
  erase();
});

async function erase() {
  form.querySelector("button").disabled = true;
  place().replaceChildren(document.getElementById("progress").content.cloneNode(true));
  const leaving = (leave) => leave.preventDefault();
  addEventListener("beforeunload", leaving);
  try {
    const reply = await fetch(form.dataset.stream, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (reply.redirected) return location.assign(reply.url);
    if (!isStream(reply)) return fail(await message(reply));
    let last = "";
    for await (const [name, value] of events(reply.body)) show((last = name), value);
    if (last !== "erased" && last !== "error") fail(form.dataset.broken);
  } catch {
    fail(form.dataset.broken);
  } finally {
    removeEventListener("beforeunload", leaving);
  }
}

function place() {
  return document.getElementById("erasing");
}

function show(name, value) {
  if (name === "progress") {
    const bar = place().querySelector("progress");
    if (value.total) [bar.max, bar.value] = [value.total, value.done];
    else bar.removeAttribute("value");
    const step = place().querySelector("[data-step]");
    const words = document.querySelector(`[data-words="${CSS.escape(value.step)}"]`)?.textContent ?? value.step;
    if (step.textContent !== words) step.textContent = words; // which is read out, unlike the counts
    place().querySelector("[data-counts]").textContent = value.total ? `${value.done} of ${value.total}` : "";
  } else if (name === "erased") {
    const main = document.getElementById("plan");
    main.innerHTML = value; // rendered and escaped by this service
    main.querySelector("h2").focus();
  } else if (name === "error") fail(value.message);
}

function fail(text) {
  place().replaceChildren(notice(text));
  form.querySelector("button").disabled = false;
}
