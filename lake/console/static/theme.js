// Before anything is drawn, so that nothing flashes: the theme that the visitor chose.
const chosen = localStorage.getItem("raglake-theme");
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
document.documentElement.dataset.script = "on";
