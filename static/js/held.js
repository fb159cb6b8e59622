// One key each on the queue of held letters; every button works without this file too.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const here = document.activeElement;
  if (here && here.matches("input:not([type=checkbox]), select, textarea")) {
    if (event.key === "Escape") here.blur();
    return;
  }
  const button = [...document.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key === event.key.toLowerCase()
  );
  if (!button) return;
  event.preventDefault();
  const needed = button.dataset.needs && document.getElementById(button.dataset.needs);
  const given = needed && (needed.type === "checkbox" ? needed.checked : needed.value.trim());
  if (needed && !given) needed.focus();
  else button.click();
});
