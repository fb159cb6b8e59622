/* The own-words field: grows with its text and says how much room is left.
   Without this script the field scrolls and the server counts.

   <textarea data-grow maxlength="900" data-count="own_words-left">
   <p class="count-left" id="own_words-left" data-one="1 character left" data-many="{n} characters left"
      data-over-one="1 character too many" data-over-many="{n} characters too many"></p> */
(function () {
  "use strict";
  var REGIONS = { es: "es-MX", fr: "fr-CA" }; /* Whose numbers the server writes. */
  var growsByItself = window.CSS && CSS.supports("field-sizing", "content");

  function grow(field) {
    if (growsByItself) return;
    field.style.height = "auto";
    field.style.height = field.scrollHeight + 4 + "px";
  }

  function wordsFor(sentences, left) {
    if (left < 0) return left === -1 ? sentences.overOne : sentences.overMany;
    return left === 1 ? sentences.one : sentences.many;
  }

  function counter(field) {
    var out = document.getElementById(field.dataset.count);
    var limit = Number(field.dataset.limit || field.getAttribute("maxlength"));
    if (!out || !limit) return function () {};
    var voice = document.createElement("span");
    voice.className = "visually-hidden";
    voice.setAttribute("role", "status");
    out.after(voice);
    out.setAttribute("aria-hidden", "true");
    var number = new Intl.NumberFormat((REGIONS[document.documentElement.lang] || document.documentElement.lang || "en") + "-u-nu-latn", { useGrouping: "always" });
    var pause;
    return function (spoken) {
      /* The server counts characters, not UTF-16 units, and a line end as one. */
      var left = limit - Array.from(field.value).length;
      var words = wordsFor(out.dataset, left).replace("{n}", number.format(Math.abs(left)));
      out.textContent = words;
      out.classList.toggle("is-near", left < limit / 10);
      clearTimeout(pause);
      if (spoken) pause = setTimeout(function () { voice.textContent = words; }, 1200);
    };
  }

  /* On a phone the main button stays in reach: a field that is reached by Tab goes above it. */
  document.addEventListener("focusin", function (event) {
    var bar = document.querySelector(".sticky-action");
    if (!bar || bar.contains(event.target) || getComputedStyle(bar).position !== "fixed") return;
    var field = event.target.getBoundingClientRect(), top = bar.getBoundingClientRect().top;
    if (field.bottom > top && field.height < top) window.scrollBy(0, field.bottom - top + 16);
  });

  /* A preview that is overtaken, or left behind, is no fault: htmx would report one on the console. */
  document.addEventListener("htmx:beforeSend", function (event) { event.detail.xhr.onabort = null; });

  /* What a field says already, since its page was sent, is not said again beside it. */
  document.addEventListener("htmx:afterSettle", function () {
    var errors = Array.from(document.querySelectorAll(".letter-field .error"), function (error) { return error.textContent; });
    document.querySelectorAll("#measure > .error").forEach(function (line) {
      line.hidden = errors.some(function (text) { return text.includes(line.textContent); });
    });
  });

  /* The live preview (htmx) shows only where scripts run. */
  document.querySelectorAll(".live").forEach(function (part) { part.hidden = !window.htmx; });

  document.querySelectorAll("textarea[data-grow]").forEach(function (field) {
    var count = counter(field);
    field.addEventListener("input", function () { grow(field); count(true); });
    grow(field);
    count(false);
  });
})();
