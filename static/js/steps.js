/* Back and reload, on pages that nobody keeps: each step of writing is the answer to a form, which a
   browser cannot ask for again by itself. What the step was made from is kept in this tab alone,
   until the letter is signed or the tab is closed, and sent once more when somebody comes back.

   <form data-step="posted">  a step that answered a form      <form data-step="asked">  the first one
          data-here="…/you">  the address of the step shown
   <form data-again>          the page that sends it once more  [data-signed]  the page after signing
   [data-over]                the page that says that the case takes no more letters: nothing is kept of it
   [data-once-more]           forms on that page: what was signed goes along, to another step or again */
(function () {
  "use strict";
  var PREFIX = "step:";
  var store;
  try {
    store = window.sessionStorage;
    store.getItem(PREFIX);
  } catch (_) {
    return;
  }

  function read(path) {
    try {
      return JSON.parse(store.getItem(PREFIX + path) || "null");
    } catch (_) {
      return null;
    }
  }

  function hidden(form, name, value) {
    var field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
  }

  var CHECK = location.pathname.replace(/sent$/, "check");
  function signed() {
    return read(CHECK) || [];
  }

  /* Where the mail goes: from this tab, for our own address bar and pages name nobody. */
  function showMailbox(line) {
    var mailbox = signed().find(function (pair) { return pair[0] === "email" && pair[1]; });
    if (!mailbox) return;
    line.querySelector("[data-address]").textContent = mailbox[1];
    line.hidden = false;
  }

  /* A sum that was done pays for one signing alone. */
  function offerOnceMore(block) {
    var typed = signed().filter(function (pair) { return pair[0] !== "work"; });
    if (!typed.length) return;
    block.querySelectorAll("form").forEach(function (form) {
      typed.forEach(function (pair) {
        /* Who changes the address takes back the letter that went to the wrong one. */
        if (!("replaces" in form.dataset)) hidden(form, pair[0], pair[1]);
        else if (pair[0] === "receipt") hidden(form, "replaces", pair[1]);
        else if (pair[0] !== "replaces") hidden(form, pair[0], pair[1]);
      });
      form.addEventListener("submit", function () { store.setItem(PREFIX + CHECK, JSON.stringify(typed)); });
    });
    block.hidden = false;
    document.querySelectorAll("[data-sign-again]").forEach(function (line) { line.hidden = true; });
  }

  if (document.querySelector("[data-signed]")) {
    document.querySelectorAll("[data-mailbox]").forEach(showMailbox);
    document.querySelectorAll("[data-once-more]").forEach(offerOnceMore);
    Object.keys(store).forEach(function (key) {
      if (key.startsWith(PREFIX)) store.removeItem(key);
    });
    return;
  }
  var over = document.querySelector("[data-over]");
  if (over) {
    Object.keys(store).forEach(function (key) {
      if (key.startsWith(PREFIX) && key.includes("/actions/" + over.dataset.over + "/")) store.removeItem(key);
    });
    return;
  }
  var again = document.querySelector("form[data-again]");
  if (again) {
    var sent = read(location.pathname);
    if (!sent) return;
    sent.forEach(function (pair) { hidden(again, pair[0], pair[1]); });
    again.submit();
    return;
  }
  var form = document.querySelector("form[data-step]");
  if (!form) return;

  function keep() {
    var typed = Array.from(new FormData(form)).filter(function (pair) { return typeof pair[1] === "string"; });
    try {
      store.setItem(PREFIX + location.pathname, JSON.stringify(typed));
    } catch (_) {
      /* No room: then Back begins with the letter. */
    }
  }

  if (form.dataset.step === "posted") {
    /* A form that was refused shows an earlier step: the address is that of what is shown. */
    history.replaceState(history.state, "", form.dataset.here + "?again");
    keep();
  } else {
    /* Back at the letter: what was typed on the next page goes along again. Words of the letter, and
       whether they are kept, are for js/draft.js to say. */
    (read(new URL(form.action).pathname) || []).forEach(function (pair) {
      if (pair[0] === "full_text" || pair[0] === "drafted") return;
      var fields = form.querySelectorAll("[name=\"" + pair[0] + "\"]");
      if (!fields.length) hidden(form, pair[0], pair[1]);
      else if (fields.length === 1 && fields[0].type === "hidden" && !fields[0].value) fields[0].value = pair[1];
    });
  }
  window.addEventListener("pagehide", keep);
})();
