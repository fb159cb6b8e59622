/* What is typed is kept in this tab alone (sessionStorage), so that leaving the page loses nothing: own
   words, the rewritten letter, which points are taken and in which order. It goes nowhere, and is thrown
   away with the tab: who sits down next at a shared computer finds nothing. Where its writer ticks the
   box it is kept in this browser (localStorage) for 30 days. It goes when the letter is signed (the page
   after signing has data-signed), when the case takes no more letters (the page that says so has
   data-over), or by a button.

   The page of the case leads back to a letter that was begun.

   <form data-draft="ua-58-20"> … <div class="draft-kept" hidden> … <input type="checkbox" data-keep> <button data-discard>
   <p data-draft-of="ua-58-20" hidden> */
(function () {
  "use strict";
  var DAYS = 30;
  var done = document.querySelector("[data-signed], [data-over]");
  var tab, browser;
  try {
    tab = window.sessionStorage;
    browser = window.localStorage;
    tab.getItem("draft:");
    browser.getItem("draft:");
  } catch (_) {
    return;
  }

  function forget(key) {
    tab.removeItem(key);
    browser.removeItem(key);
  }

  if (done) {
    forget("draft:" + (done.dataset.signed || done.dataset.over));
    return;
  }
  var begun = document.querySelector("[data-draft-of]");
  var form = document.querySelector("form[data-draft]");
  if (!form && !begun) return;
  var key = "draft:" + (form ? form.dataset.draft : begun.dataset.draftOf);
  if (!form) {
    var words = (read() || {}).words || {};
    begun.hidden = !Object.keys(words).some(function (name) { return words[name].trim(); });
    return;
  }
  var line = form.querySelector(".draft-kept");
  var box = line && line.querySelector("[data-keep]");
  var voice = line && line.querySelector("[role=status]");
  var list = form.querySelector("[data-points]");

  function fields() {
    return form.querySelectorAll("textarea");
  }

  function read() {
    try {
      var kept = JSON.parse(tab.getItem(key) || browser.getItem(key) || "null");
      if (kept && Date.now() - kept.at < DAYS * 86400000) {
        /* Until November 2026 all was kept in the browser, and nobody had been asked. */
        if (!kept.asked && browser.getItem(key)) {
          tab.setItem(key, browser.getItem(key));
          browser.removeItem(key);
        }
        return kept;
      }
    } catch (_) {
      /* Somebody else's, or no room: it goes. */
    }
    forget(key);
    return null;
  }

  function save() {
    var asked = Boolean(box && box.checked);
    var kept = { at: Date.now(), asked: asked, words: {}, order: [], taken: [] };
    fields().forEach(function (field) { kept.words[field.name] = field.value; });
    if (list) {
      list.querySelectorAll("[data-key]").forEach(function (item) {
        kept.order.push(item.dataset.key);
        var box = item.querySelector("input[type=checkbox]");
        if (box && box.checked) kept.taken.push(item.dataset.key);
      });
    }
    /* Points alone come back with words only: without words there is nothing to keep. */
    if (!Object.keys(kept.words).some(function (name) { return kept.words[name].trim(); })) {
      forget(key);
      if (line) line.hidden = true;
      return;
    }
    try {
      forget(key);
      (asked ? browser : tab).setItem(key, JSON.stringify(kept));
      if (line) line.hidden = false;
    } catch (_) {
      /* No room, or a private window: then it is not kept, and nothing says that it is. */
    }
  }

  function restore(kept) {
    var found = false;
    fields().forEach(function (field) {
      var words = kept.words[field.name];
      if (words && !field.value) {
        field.value = words;
        found = true;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
    });
    if (list && found) {
      kept.order.forEach(function (name) {
        var item = list.querySelector('[data-key="' + CSS.escape(name) + '"]');
        if (!item) return;
        list.appendChild(item);
        var box = item.querySelector("input[type=checkbox]");
        if (box) box.checked = kept.taken.indexOf(name) >= 0;
      });
      list.dispatchEvent(new CustomEvent("moved", { bubbles: true }));
    }
    if (line) line.hidden = false;
    if (box) box.checked = Boolean(kept.asked);
  }

  /* On a first visit alone: a page that comes back brings what was typed last. */
  var kept = read();
  var fresh = (performance.getEntriesByType("navigation")[0] || {}).type !== "back_forward";
  if (kept && fresh) restore(kept);

  var pause = 0;
  function stop() {
    clearTimeout(pause);
    pause = 0;
  }
  function later() {
    stop();
    pause = setTimeout(save, 400);
  }
  form.addEventListener("input", later);
  form.addEventListener("moved", later);
  form.addEventListener("submit", function () { stop(); save(); });
  window.addEventListener("pagehide", function () {
    if (!pause) return;
    stop();
    save();
  });
  if (line) {
    line.querySelector("[data-discard]").addEventListener("click", function () {
      stop();
      forget(key);
      if (box) box.checked = false;
      voice.textContent = voice.dataset.said;
      line.querySelector("[data-discard]").hidden = true;
    });
  }
})();
