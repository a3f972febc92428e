// One key for each decision, unless something is being written.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const writing = event.target.matches("input, textarea, select");
  const details = document.querySelector("details.edit");
  if (event.key === "Escape" && writing && details) {
    details.open = false;
    details.querySelector("summary").focus();
    return;
  }
  if (writing) return;
  const found = document.querySelector(`[data-review] [data-key="${CSS.escape(event.key)}"]`);
  if (!found) return;
  event.preventDefault();
  if (found.matches("summary")) {
    details.open = true;
    details.querySelector("textarea").focus();
  } else {
    found.click();
  }
});
