/* What is typed is kept in this tab alone (sessionStorage), so that leaving the page loses nothing: own
   words, the rewritten letter, which points are taken and in which order. It goes nowhere, and is thrown
   away with the tab: who sits down next at a shared computer finds nothing. Where its writer ticks the
   box it is kept in this browser (localStorage) for 30 days. It goes when the letter is signed (the page
   after signing has data-signed), when the case takes no more letters (the page that says so has
   data-over), or by a button.

   Words that were typed before this script came are taken when it comes: from their field, or from the
   pages after it, whose forms carry them. Once the draft has what stands in a form, `drafted` goes along
   with it: the page that answers (data-drafted), also to a form sent once more (js/steps.js), brings
   nothing that the draft never had, and what was typed or deleted elsewhere since then stays so. The tab
   knows it too, for the pages that a browser brings with their older words when somebody goes back.

   The page of the case leads back to a letter that was begun.

   <form data-draft="ua-58-20" data-drafted> … <div class="draft-kept" hidden> … <input type="checkbox" data-keep> <button data-discard>
   <p data-draft-of="ua-58-20" hidden> */
(function () {
  "use strict";
  var DAYS = 30, FIELDS = ["own_words", "full_text"];
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
    tab.removeItem("drafted:" + (done.dataset.signed || done.dataset.over));
    return;
  }
  var begun = document.querySelector("[data-draft-of]");
  var form = document.querySelector("form[data-draft]");
  if (!form && !begun) return;
  var key = "draft:" + (form ? form.dataset.draft : begun.dataset.draftOf);
  if (!form) {
    begun.hidden = !hasWords((read() || {}).words || {});
    return;
  }
  var line = form.querySelector(".draft-kept");
  var box = line && line.querySelector("[data-keep]");
  var voice = line && line.querySelector("[role=status]");
  var list = form.querySelector("[data-points]");

  function hasWords(words) {
    return FIELDS.some(function (name) { return (words[name] || "").trim(); });
  }

  function hidden(name, value) {
    var field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
  }

  function standing() {
    var typed = new FormData(form), words = {};
    FIELDS.forEach(function (name) { words[name] = typed.get(name) || ""; });
    return words;
  }

  /* A page that was asked for has no field for the rewritten letter: the draft keeps its own. */
  function withRewritten(words) {
    if (kept && form.dataset.step === "asked" && !words.full_text) words.full_text = kept.words.full_text;
    return words;
  }

  function mark() {
    if (!form.elements.drafted) hidden("drafted", "1");
    try {
      tab.setItem("drafted:" + form.dataset.draft, "1");
    } catch (_) {
      /* No room: then there is no draft in this tab either. */
    }
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

  function save(words) {
    var points = new FormData(form).getAll("points");
    var order = new FormData(form).getAll("order").concat(points);
    var asked = Boolean(box ? box.checked : kept && kept.asked);
    mark();
    forget(key);
    if (line) line.hidden = true;
    /* Points alone come back with words only: without words there is nothing to keep. */
    if (!hasWords(words)) return;
    try {
      (asked ? browser : tab).setItem(key, JSON.stringify({ at: Date.now(), asked: asked, words: words, order: order, taken: points }));
      if (line) line.hidden = false;
    } catch (_) {
      /* No room, or a private window: then it is not kept, and nothing says that it is. */
    }
  }

  function restore() {
    /* The page of the rewritten letter is the answer to a form. */
    var rewritten = !back && form.dataset.step === "asked" && (kept.words.full_text || "").trim();
    var restored = rewritten;
    FIELDS.forEach(function (name) {
      var field = form.elements[name], words = kept.words[name];
      if (!words || !field || field.type === "hidden" || field.value) return;
      field.value = words;
      restored = true;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    if (list && restored) {
      var place = function (item) {
        var at = kept.order.indexOf(item.dataset.key);
        return at < 0 ? kept.order.length : at;
      };
      Array.from(list.children).sort(function (a, b) { return place(a) - place(b); }).forEach(function (item) {
        list.append(item);
        var box = item.querySelector("input[type=checkbox]");
        if (box) box.checked = kept.taken.indexOf(item.dataset.key) >= 0;
      });
      list.dispatchEvent(new CustomEvent("moved", { bubbles: true }));
    }
    line.hidden = false;
    /* What is put here is the draft. A browser may yet bring its older words: they are not kept. */
    stop();
    if (!rewritten) return;
    hidden("full_text", kept.words.full_text);
    form.action = form.dataset.here;
    form.submit();
  }

  var kept = read();
  var back = (performance.getEntriesByType("navigation")[0] || {}).type === "back_forward";
  function start() {
    var known = "drafted" in form.dataset || !hasWords(standing());
    if (box && kept) box.checked = Boolean(kept.asked);
    if (known || (back && (kept || tab.getItem("drafted:" + form.dataset.draft)))) mark();
    if (!known && !back) save(withRewritten(standing()));
    else if (kept && line) restore();
  }
  /* A browser brings what stood here when somebody goes back. It may be older than the draft. */
  if (back) window.addEventListener("load", start);
  else start();
  if (!line) return;

  var pause = 0;
  function stop() {
    clearTimeout(pause);
    pause = 0;
  }
  function later() {
    stop();
    pause = setTimeout(now, 400);
  }
  function now() {
    if (!pause) return;
    stop();
    save(withRewritten(standing()));
  }
  form.addEventListener("input", later);
  form.addEventListener("moved", later);
  form.addEventListener("submit", function (event) {
    /* Our letter again: the rewritten one is not brought back. */
    if (event.submitter && event.submitter.value === "no") {
      stop();
      save(Object.assign(standing(), { full_text: "" }));
    }
  });
  window.addEventListener("pagehide", now);
  line.querySelector("[data-discard]").addEventListener("click", function () {
    stop();
    forget(key);
    kept = null;
    mark();
    box.checked = false;
    voice.textContent = voice.dataset.said;
    line.querySelector("[data-discard]").hidden = true;
  });
})();
