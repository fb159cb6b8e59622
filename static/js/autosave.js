/* Keeps what is typed as a draft at the server, for its writer alone: a moment after the last key,
   and when the page is left. Nothing is published by it. Where another tab has kept something else
   (409), nothing is kept, and a button leads to both texts.

   <form data-autosave="/desk/…/drafts/edition/en"> … <span class="autosaved" data-kept="… {time}" data-zone="America/Toronto"> */
(function () {
  "use strict";
  var form = document.querySelector("form[data-autosave]");
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.target.classList.contains("text-preview")) event.target.hidden = false;
  });
  if (!form) return;
  var voice = form.querySelector(".autosaved");
  var both = form.querySelector("[data-both]");
  var pause;
  var changed = false;
  var sent = 0;

  function say(words) {
    if (voice && voice.textContent !== words) voice.textContent = words;
  }

  /* What time it is where the campaign is: as the desk says all its times. */
  function clock(zone) {
    var lang = (document.documentElement.lang || "en") + "-u-nu-latn";
    try {
      return new Intl.DateTimeFormat(lang, { timeStyle: "short", timeZone: zone }).format(new Date());
    } catch (_) {
      return new Intl.DateTimeFormat(lang, { timeStyle: "short", timeZone: "UTC" }).format(new Date()) + " UTC";
    }
  }

  function keep(leaving) {
    clearTimeout(pause);
    if (!changed) return;
    changed = false;
    var mine = ++sent;
    var body = new URLSearchParams();
    new FormData(form).forEach(function (value, name) {
      if (typeof value === "string") body.append(name, value);
    });
    fetch(form.dataset.autosave, { method: "POST", body: body, keepalive: !!leaving, redirect: "manual" })
      .then(function (answer) {
        if (mine !== sent) return;
        if (both) both.hidden = answer.status !== 409;
        if (answer.ok) {
          say(voice.dataset.kept.replace("{time}", clock(voice.dataset.zone)));
        } else {
          changed = true;
          say(answer.status === 409 ? voice.dataset.other : answer.type === "opaqueredirect" || answer.status === 400 ? voice.dataset.signedOut : voice.dataset.lost);
        }
      })
      .catch(function () {
        changed = true;
        if (!leaving) say(voice.dataset.lost);
      });
  }

  function later() {
    changed = true;
    clearTimeout(pause);
    pause = setTimeout(keep, 1500);
  }

  form.addEventListener("input", later);
  form.addEventListener("moved", later);
  form.addEventListener("submit", function () { clearTimeout(pause); changed = false; });
  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "hidden") keep(true);
  });
})();
