/* A click on the picture says what matters in it: the two number fields take it, and lines mark it. */
(function () {
  "use strict";
  var box = document.querySelector("[data-focus]");
  if (!box) return;
  var fields = box.dataset.focus.split(" ").map(function (id) { return document.getElementById(id); });
  var line = box.querySelector("path");

  function percent(value) {
    return Math.max(0, Math.min(100, Math.round(Number(value) || 0)));
  }

  function mark() {
    line.setAttribute("d", "M" + percent(fields[0].value) + " 0V100M0 " + percent(fields[1].value) + "H100");
  }

  box.addEventListener("click", function (event) {
    var area = box.getBoundingClientRect();
    fields[0].value = percent(((event.clientX - area.left) / area.width) * 100);
    fields[1].value = percent(((event.clientY - area.top) / area.height) * 100);
    mark();
  });
  fields.forEach(function (field) { field.addEventListener("input", mark); });
})();
