/* Where the email of the network goes: from this tab, for our own address bar and pages name nobody.

   <form data-asks-mail> … <input name="email">
   <p data-mailbox hidden>… <bdi data-address></bdi></p>    on the page after it */
(function () {
  "use strict";
  var KEY = "asked-mail";
  var store;
  try {
    store = window.sessionStorage;
    store.getItem(KEY);
  } catch (_) {
    return;
  }
  var form = document.querySelector("[data-asks-mail]");
  if (form) {
    form.addEventListener("submit", function (event) {
      var meant = event.submitter && event.submitter.querySelector("bdi");
      store.setItem(KEY, meant ? meant.textContent : form.elements.email.value.trim());
    });
  }
  var line = document.querySelector("[data-mailbox]"), address = store.getItem(KEY);
  if (line && address) {
    line.querySelector("[data-address]").textContent = address;
    line.hidden = false;
    store.removeItem(KEY); // whoever opens this tab next is not shown it
  }
})();
