/* Copies an address or a text, and opens the system's own way of sharing where there is one. A text
   that is changed before it is sent goes into the links beside it.
   Without this script it stands in its field, to be copied by hand, and links carry it unchanged.

   <button data-copy="id of the field" data-done="words"> <span role="status"></span>
   <button data-share="address" data-title="words">
   <button data-share-text="id of the field">, all in an element that is hidden, or hidden themselves
   <a data-message="id of the field" href="…text=words"> */
(function () {
  "use strict";

  function show(button) {
    button.hidden = false;
    if (button.parentElement) button.parentElement.hidden = false;
  }

  document.querySelectorAll("[data-copy]").forEach(function (button) {
    var field = document.getElementById(button.dataset.copy);
    if (!field || !navigator.clipboard) return;
    show(button);
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(field.value || field.textContent).then(
        function () { button.nextElementSibling.textContent = button.dataset.done; },
        function () { field.focus(); if (field.select) field.select(); }
      );
    });
  });

  function offer(button, what) {
    if (!navigator.share) return;
    show(button);
    button.addEventListener("click", function () {
      navigator.share(what()).catch(function () {});
    });
  }

  document.querySelectorAll("[data-share]").forEach(function (button) {
    offer(button, function () {
      return { title: button.dataset.title, url: button.dataset.share };
    });
  });

  document.querySelectorAll("[data-share-text]").forEach(function (button) {
    var field = document.getElementById(button.dataset.shareText);
    offer(button, function () { return { text: field.value }; });
  });

  document.querySelectorAll("a[data-message]").forEach(function (link) {
    var field = document.getElementById(link.dataset.message);
    if (!field) return;
    field.addEventListener("input", function () {
      link.href = link.href.replace(/([?&](?:text|body)=)[^&]*/, "$1" + encodeURIComponent(field.value));
    });
  });
})();
