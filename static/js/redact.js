/* Blacking out: what is selected in a text gets its marks, what is dragged over a page becomes a rectangle.
   Without this script the marks are typed and the numbers given by hand.

   <textarea data-redact="words of the button">
   form.bars: .bar-page[data-page] with img and svg; fields page-N, x-N, y-N, w-N, h-N in percent */
(function () {
  "use strict";

  document.querySelectorAll("textarea[data-redact]").forEach(function (field) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "button-quiet";
    button.textContent = field.dataset.redact;
    button.addEventListener("click", function () {
      var from = field.selectionStart, to = field.selectionEnd;
      if (from === to) { field.focus(); return; }
      var inner = field.value.slice(from, to).replace(/\[\[|\]\]/g, "");
      field.setRangeText("[[" + inner + "]]", from, to, "end");
      field.focus();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    field.insertAdjacentElement("afterend", button);
  });

  var form = document.querySelector("form.bars");
  if (!form) return;

  function lines() {
    return Array.prototype.map.call(form.querySelectorAll(".bar-line"), function (line) {
      return {
        page: line.querySelector("[name^=page-]"),
        x: line.querySelector("[name^=x-]"),
        y: line.querySelector("[name^=y-]"),
        w: line.querySelector("[name^=w-]"),
        h: line.querySelector("[name^=h-]")
      };
    });
  }

  function show() {
    form.querySelectorAll(".bar-page").forEach(function (figure) {
      var drawing = figure.querySelector("svg");
      drawing.replaceChildren();
      lines().forEach(function (line) {
        var sides = [line.x, line.y, line.w, line.h];
        // Half a line is no bar yet: the browser would complain of an empty height.
        if (line.page.value !== figure.dataset.page) return;
        if (sides.some(function (side) { return isNaN(parseFloat(side.value)); })) return;
        var bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        bar.setAttribute("x", line.x.value);
        bar.setAttribute("y", line.y.value);
        bar.setAttribute("width", line.w.value);
        bar.setAttribute("height", line.h.value);
        drawing.append(bar);
      });
    });
  }

  form.querySelectorAll(".bar-page").forEach(function (figure) {
    var start = null, line = null;
    function place(event) {
      var box = figure.querySelector("img").getBoundingClientRect();
      return {
        x: Math.min(100, Math.max(0, (event.clientX - box.left) / box.width * 100)),
        y: Math.min(100, Math.max(0, (event.clientY - box.top) / box.height * 100))
      };
    }
    figure.addEventListener("pointerdown", function (event) {
      line = lines().find(function (bar) { return bar.w.value === "" && bar.h.value === ""; });
      if (!line || event.button !== 0) return;
      event.preventDefault();
      start = place(event);
      figure.setPointerCapture(event.pointerId);
    });
    figure.addEventListener("pointermove", function (event) {
      if (!start) return;
      var end = place(event);
      line.page.value = figure.dataset.page;
      line.x.value = Math.min(start.x, end.x).toFixed(1);
      line.y.value = Math.min(start.y, end.y).toFixed(1);
      line.w.value = Math.max(0.1, Math.abs(end.x - start.x)).toFixed(1);
      line.h.value = Math.max(0.1, Math.abs(end.y - start.y)).toFixed(1);
      show();
    });
    figure.addEventListener("pointerup", function () { start = null; });
    figure.addEventListener("pointercancel", function () { start = null; });
  });
  form.addEventListener("input", show);
  show();
})();
