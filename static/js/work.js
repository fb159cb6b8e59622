/* Where the server asks for it, the browser computes for a moment before a letter is taken: in a
   worker, beside who writes. Whoever is faster than that waits for the rest of it on signing.

   <form data-work="/en/actions/…/work" data-solver="/static/js/work-solver.js" [data-signs]> */
(function () {
  "use strict";
  var form = document.querySelector("form[data-work]");
  if (!form || !window.Worker || !window.crypto || !crypto.subtle) return;
  var MOST_WAIT = 20000;
  var SOON = 900000;
  var field = form.querySelector("input[name=work]");
  if (!field) {
    field = document.createElement("input");
    field.type = "hidden";
    field.name = "work";
    form.append(field);
  }
  var voice = form.querySelector("[data-wait]");
  var busy = true;
  var held = null;

  function holds(solution) {
    try {
      return JSON.parse(atob(solution)).challenge.parameters.expiresAt * 1000 > Date.now() + SOON;
    } catch (_) {
      return false;
    }
  }

  function done(solution) {
    busy = false;
    if (solution) field.value = solution;
    if (held) {
      held.removeAttribute("aria-disabled");
      voice.textContent = "";
      form.requestSubmit(held);
      held = null;
    }
  }

  if (field.value && holds(field.value)) return;
  field.value = "";
  form.addEventListener("submit", function (event) {
    var button = event.submitter;
    if (!busy || !("signs" in form.dataset) || !button || button.hasAttribute("formaction")) return;
    event.preventDefault();
    if (held) return;
    held = button;
    voice.textContent = form.dataset.signs;
    button.setAttribute("aria-disabled", "true");
    setTimeout(function () { done(""); }, MOST_WAIT);
  });
  fetch(form.dataset.work)
    .then(function (answer) { return answer.json(); })
    .then(function (asked) {
      if (!asked.challenge) {
        done("");
        return;
      }
      var solver = new Worker(form.dataset.solver);
      solver.onmessage = function (event) { done(event.data); solver.terminate(); };
      solver.onerror = function () { done(""); };
      solver.postMessage(asked.challenge);
    })
    .catch(function () { done(""); });
})();
