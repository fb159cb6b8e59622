/* Keeps what is typed as a draft at the server, for its writer alone: a moment after the last key,
   and when the page is left. Nothing is published by it. Where another tab has kept something else
   (409), nothing is kept, and a button leads to both texts.

   <form data-autosave="/desk/…/drafts/edition/en"> … <span class="autosaved" data-kept="… {time}" data-zone="America/Toronto"
         data-times="[&quot;0 h {minute}&quot;, …]"> */
(function () {
  "use strict";
  var form = document.querySelector("form[data-autosave]");
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.target.classList.contains("text-preview")) event.target.hidden = false;
  });
  if (!form) return;
  var voice = form.querySelector(".autosaved");
  var both = form.querySelector("[data-both]");
  /* No words of anybody: what a page carries along, what is searched for, which language is in view. */
  var ASIDE = ["csrf_token", "draft_tab", "draft_shown", "keep", "searched", "show"];
  var MOST_WAIT = 3000; /* ms */
  var pause;
  var changed = false;
  var saving = false;
  var kept = false;
  var sent = 0;
  var flight = null;
  var waits = false; /* whether newer text waits until an older one has landed */
  var first = words();

  function typed() {
    var body = new URLSearchParams();
    new FormData(form).forEach(function (value, name) {
      if (typeof value === "string") body.append(name, value);
    });
    return body;
  }

  function words() {
    var body = typed();
    ASIDE.forEach(function (name) { body.delete(name); });
    return body.toString();
  }

  function say(words) {
    if (voice && voice.textContent !== words) voice.textContent = words;
  }

  /* What time it is where the campaign is: as the desk says all its times. */
  function clock(zone) {
    var at = {}, how = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" }, aside = " UTC", hours;
    try {
      hours = new Intl.DateTimeFormat("en-US", Object.assign({}, how, { timeZone: zone }));
      aside = "";
    } catch (_) {
      hours = new Intl.DateTimeFormat("en-US", how);
    }
    hours.formatToParts(new Date()).forEach(function (part) { at[part.type] = part.value; });
    return JSON.parse(voice.dataset.times)[Number(at.hour)].replace("{minute}", at.minute) + aside;
  }

  function send(address, leaving) {
    var landed = fetch(address, { method: "POST", body: typed(), keepalive: !!leaving, redirect: "manual" });
    /* All that is on its way: what is sent on leaving does not wait for the request before it. */
    var mine = flight = Promise.all([flight, landed.catch(function () {})]).then(function () { if (flight === mine) flight = null; });
    return landed;
  }

  /* Wait for the draft that is on its way, but not for ever. */
  function land() {
    var mine = flight;
    return Promise.race([mine, new Promise(function (done) { setTimeout(done, MOST_WAIT); })])
      .then(function () { if (flight === mine) flight = null; });
  }

  function keep(leaving) {
    clearTimeout(pause);
    if (!changed || saving) return;
    if (flight && !leaving) { /* an older text must not land after a newer one */
      if (!waits) land().then(function () {
        waits = false;
        keep();
      });
      waits = true;
      return;
    }
    changed = false;
    var mine = ++sent;
    var shown = form.elements.draft_shown;
    if (words() === first && !(shown && shown.value)) {
      if (!kept) return;
      kept = false;
      say("");
      send(form.dataset.autosave + "/drop", leaving).catch(function () {});
      return;
    }
    send(form.dataset.autosave, leaving)
      .then(function (answer) {
        if (mine !== sent) return;
        if (both) both.hidden = answer.status !== 409;
        if (answer.ok) {
          kept = true;
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
    saving = false;
    clearTimeout(pause);
    pause = setTimeout(keep, 1500);
  }

  /* A draft that is on its way must land before the form is saved: saving takes it away. */
  function save(event) {
    clearTimeout(pause);
    saving = true;
    if (!flight) return;
    event.preventDefault();
    var button = event.submitter;
    land().then(function () {
      if (button) form.requestSubmit(button);
      else form.requestSubmit();
    });
  }

  form.addEventListener("input", later);
  form.addEventListener("moved", later);
  form.addEventListener("submit", save);
  window.addEventListener("pageshow", function () { saving = false; });
  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "hidden") keep(true);
  });
})();
