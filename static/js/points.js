/* Talking points are moved in place: by their buttons, or by Alt and an arrow key on a point.
   Without this script each button posts the page, which comes back with the point moved. */
(function () {
  "use strict";
  var list = document.querySelector("[data-points]");
  if (!list) return;
  var voice = document.querySelector("[data-moved]");

  function mark() {
    var items = list.children;
    for (var i = 0; i < items.length; i++) {
      var buttons = items[i].querySelectorAll("button[name=move]");
      if (buttons.length === 2) {
        buttons[0].disabled = i === 0;
        buttons[1].disabled = i === items.length - 1;
      }
    }
  }

  function move(item, up, focused) {
    var other = up ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    if (up) list.insertBefore(item, other);
    else list.insertBefore(other, item);
    mark();
    if (focused.disabled) focused = item.querySelector("button[name=move]:not(:disabled)");
    focused.focus();
    var place = Array.prototype.indexOf.call(list.children, item) + 1;
    voice.textContent = voice.dataset.moved.replace("{n}", place).replace("{all}", list.children.length);
    list.dispatchEvent(new CustomEvent("moved", { bubbles: true }));
  }

  list.addEventListener("click", function (event) {
    var button = event.target.closest("button[name=move]");
    if (!button) return;
    event.preventDefault();
    move(button.closest("[data-key]"), button.value.indexOf("up:") === 0, button);
  });
  list.addEventListener("keydown", function (event) {
    var item = event.target.closest("[data-key]");
    if (!item || !event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    move(item, event.key === "ArrowUp", event.target);
  });
})();
