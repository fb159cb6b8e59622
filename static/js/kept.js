/* What is typed into a desk form and not saved stays in this tab alone (sessionStorage), so that a closed page or a lost
   session loses nothing. It goes nowhere; it is thrown away once it is saved, at sign-out, and when somebody else signs in.

   <form data-kept="mission:mexico-ottawa"> … <p data-kept-said hidden> … <button type="button" data-kept-discard> */
(function () {
  "use strict";
  var store;
  try {
    store = window.sessionStorage;
    store.getItem("kept-by");
  } catch (_) {
    return;
  }
  var staff = document.body.dataset.staff || "";
  var leaving = false;

  function forget(wanted) {
    Object.keys(store).forEach(function (key) {
      if (key.indexOf("kept:") === 0 && wanted(key)) store.removeItem(key);
    });
  }

  function read(key) {
    try { return JSON.parse(store.getItem(key) || "null"); } catch (_) { return null; }
  }

  if (store.getItem("kept-by") !== staff) forget(function () { return true; });
  store.setItem("kept-by", staff);
  document.querySelectorAll("form[data-signs-out]").forEach(function (form) {
    form.addEventListener("submit", function () {
      leaving = true;
      forget(function () { return true; });
    });
  });
  /* A deed that was done says so on the next page. */
  if (document.querySelector(".flash:not(.is-alarm)")) forget(function (key) { return (read(key) || {}).sent; });

  function fields(form) {
    return Array.prototype.filter.call(form.elements, function (one) {
      return one.name && one.matches("input:not([type=hidden],[type=file],[type=password],[type=submit]), textarea, select");
    });
  }

  function is_choice(field) { return field.type === "checkbox" || field.type === "radio"; }

  function watch(form) {
    var key = "kept:" + form.dataset.kept;
    var said = form.querySelector("[data-kept-said]");
    var before = JSON.stringify(values());
    var pause;

    function values() {
      return fields(form).map(function (one) { return [one.name, one.value, is_choice(one) ? one.checked : null]; });
    }

    function save(sent) {
      clearTimeout(pause);
      var now = values();
      if (leaving) return;
      if (!sent && JSON.stringify(now) === before) {
        store.removeItem(key);
        return;
      }
      try { store.setItem(key, JSON.stringify({ fields: now, sent: !!sent })); } catch (_) { /* no room: it is not kept */ }
    }

    function restore(kept) {
      var left = kept.slice();
      fields(form).forEach(function (one) {
        var at = left.findIndex(function (old) {
          return old[0] === one.name && (old[2] === null) === !is_choice(one) && (old[2] === null || old[1] === one.value);
        });
        if (at < 0) return;
        var old = left.splice(at, 1)[0];
        if (old[2] === null) one.value = old[1];
        else one.checked = old[2];
      });
      if (said && JSON.stringify(values()) !== before) said.hidden = false;
    }

    var kept = read(key);
    var page = performance.getEntriesByType("navigation")[0] || {};
    /* An answer to the form itself shows what was typed, and what is wrong with it. */
    if (kept && !(kept.sent && !page.redirectCount)) restore(kept.fields);
    form.addEventListener("input", function () {
      clearTimeout(pause);
      pause = setTimeout(save, 300);
    });
    form.addEventListener("submit", function () { save(true); });
    window.addEventListener("pagehide", function () { if (!(read(key) || {}).sent) save(); });
    if (said) {
      said.querySelector("[data-kept-discard]").addEventListener("click", function () {
        store.removeItem(key);
        form.reset();
        said.hidden = true;
      });
    }
  }

  document.querySelectorAll("form[data-kept]").forEach(watch);
})();
