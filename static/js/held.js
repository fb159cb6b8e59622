// One key each on the queue of held letters; every button works without this file too.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const here = document.activeElement;
  if (here && here.matches("input, select, textarea")) {
    if (event.key === "Escape") here.blur();
    return;
  }
  const found = [...document.querySelectorAll("[data-key]")].find(
    (one) => one.dataset.key === event.key.toLowerCase()
  );
  if (!found) return;
  event.preventDefault();
  const note = found.dataset.needs && document.getElementById(found.dataset.needs);
  if (note && !note.value.trim()) note.focus();
  else found.click();
});
