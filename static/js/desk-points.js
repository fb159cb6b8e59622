/* Numbers the talking points anew when one was moved in place (points.js): the order is what the
   hidden fields say. */
(function () {
  "use strict";
  var list = document.querySelector("[data-points]");
  if (!list) return;
  list.addEventListener("moved", function () {
    Array.prototype.forEach.call(list.children, function (item, at) {
      var place = item.querySelector("input[name$=-position]");
      if (place) place.value = at + 1;
    });
  });
})();
