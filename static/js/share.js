/* Copies an address, and opens the system's own way of sharing where there is one.
   Without this script the address stands in its field, to be copied by hand.

   <button data-copy="id of the field" data-done="words" hidden> <span role="status"></span>
   <button data-share="address" data-title="words">, in an element that is hidden */
(function () {
  "use strict";

  document.querySelectorAll("[data-copy]").forEach(function (button) {
    var field = document.getElementById(button.dataset.copy);
    if (!field || !navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(field.value || field.textContent).then(
        function () { button.nextElementSibling.textContent = button.dataset.done; },
        function () { field.focus(); if (field.select) field.select(); }
      );
    });
  });

  document.querySelectorAll("[data-share]").forEach(function (button) {
    if (!navigator.share) return;
    button.parentElement.hidden = false;
    button.addEventListener("click", function () {
      navigator.share({ title: button.dataset.title, url: button.dataset.share }).catch(function () {});
    });
  });
})();
