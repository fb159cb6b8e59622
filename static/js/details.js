/* Name, address and choice of what officials see, kept in this browser alone (localStorage) for the next
   letter: only where its writer ticks the box, for 180 days, and until they press the button. What the
   writer agreed to is asked anew each time. It goes nowhere.

   <form data-keeps> … <div data-details hidden> <input type="checkbox">
     <p data-details-kept hidden> … <button data-details-forget> <span role="status" data-said="…"> */
(function () {
  "use strict";
  var KEY = "details", DAYS = 180;
  var NAMES = ["given_name", "family_name", "email", "country", "locality", "region", "postal_code", "disclosure"];
  var store;
  try {
    store = window.localStorage;
    store.getItem(KEY);
  } catch (_) {
    return;
  }
  var block = document.querySelector("[data-details]");
  var form = block && block.closest("form");
  if (!form) return;
  var box = block.querySelector("input[type=checkbox]");
  var notice = block.querySelector("[data-details-kept]");

  function read() {
    try {
      var kept = JSON.parse(store.getItem(KEY) || "null");
      if (kept && Date.now() - kept.at < DAYS * 86400000) return kept.values;
    } catch (_) {
      /* Somebody else's: it goes. */
    }
    store.removeItem(KEY);
    return null;
  }

  function value_of(name) {
    var field = form.elements[name];
    return field ? field.value : "";
  }

  function keep() {
    if (!box.checked) {
      store.removeItem(KEY);
      return;
    }
    var values = {};
    NAMES.forEach(function (name) { values[name] = value_of(name); });
    try {
      store.setItem(KEY, JSON.stringify({ at: Date.now(), values: values }));
    } catch (_) {
      /* No room, or a private window: it is not kept. */
    }
  }

  /* The country last: its field brings the address in that country's order, with what stands in it. */
  function fill(values) {
    NAMES.forEach(function (name) {
      if (form.elements[name] && values[name]) form.elements[name].value = values[name];
    });
    form.dispatchEvent(new Event("input", { bubbles: true }));
    var country = form.elements.country;
    if (country.value) country.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function start() {
    var kept = read();
    block.hidden = false;
    box.checked = Boolean(kept);
    if (!kept) return;
    notice.hidden = false;
    if (!value_of("given_name") && !value_of("email")) fill(kept);
  }

  block.querySelector("[data-details-forget]").addEventListener("click", function () {
    store.removeItem(KEY);
    box.checked = false;
    var voice = notice.querySelector("[role=status]");
    voice.textContent = voice.dataset.said;
    this.hidden = true;
    box.focus();
  });
  form.addEventListener("submit", keep);
  /* htmx listens from then on. */
  if (document.readyState === "complete") start();
  else window.addEventListener("load", start);
})();
