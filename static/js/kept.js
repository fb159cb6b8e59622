/* What is typed into a desk form and not saved stays in this tab alone (sessionStorage), so that a closed page or a lost
   session loses nothing. It goes nowhere; it is thrown away once it is saved, at sign-out, and when somebody else signs in.

   Only what differs from what the page came with is kept. It is put back where the page still comes with the same; where
   somebody saved something else meanwhile, that stands, and what was typed is shown above the form.

   <form data-kept="mission:mexico-ottawa"> … <p data-kept-said hidden> … <button type="button" data-kept-discard>
     <div data-kept-aside hidden> … <dl> … <button type="button" data-kept-discard>
   data-answered on a form that the server gives back with what was typed, and what is wrong with it. */
(function () {
  "use strict";
  var store;
  try {
    store = window.sessionStorage;
    store.getItem("kept-by");
  } catch (_) {
    return;
  }
  var staff = document.body.dataset.staff;
  var leaving = false;

  function forget() {
    Object.keys(store).forEach(function (key) { if (key.indexOf("kept:") === 0) store.removeItem(key); });
  }

  function read(key) {
    try { return JSON.parse(store.getItem(key) || "null"); } catch (_) { return null; }
  }

  function write(key, kept) {
    try { store.setItem(key, JSON.stringify(kept)); } catch (_) { /* no room: it is not kept */ }
  }

  if (store.getItem("kept-by") !== staff) forget();
  store.setItem("kept-by", staff);
  document.querySelectorAll("form[data-signs-out]").forEach(function (form) {
    form.addEventListener("submit", function () {
      leaving = true;
      forget();
    });
  });
  /* A deed that was done says so on the next page; without that, nothing was saved. */
  var done = document.querySelector(".flash:not(.is-alarm)");
  Object.keys(store).forEach(function (key) {
    var kept = key.indexOf("kept:") === 0 && read(key);
    if (!kept || !kept.sent) return;
    kept.sent = false;
    if (done) store.removeItem(key);
    else write(key, kept);
  });

  function is_choice(control) { return control.type === "checkbox" || control.type === "radio"; }

  /* By key: the field, or the buttons of one choice. */
  function fields(form) {
    var by_key = {};
    Array.prototype.forEach.call(form.elements, function (control) {
      if (!control.name || !control.matches("input:not([type=hidden],[type=file],[type=password],[type=submit]), textarea, select")) return;
      var key = control.name;
      if (!is_choice(control)) while (by_key[key]) key += "+";
      (by_key[key] = by_key[key] || []).push(control);
    });
    return by_key;
  }

  /* What can be chosen, and whether it is: now, or as the page came. */
  function choices(field, came) {
    var all = Array.prototype.slice.call(field[0].options || field);
    var taken = all.filter(function (choice) {
      return field[0].options ? (came ? choice.defaultSelected : choice.selected) : (came ? choice.defaultChecked : choice.checked);
    });
    return came && !taken.length && field[0].type === "select-one" ? all.slice(0, 1) : taken;
  }

  /* What the page came with, as the browser writes it: it turns "2026-12-03 09:00" into "2026-12-03T09:00". */
  function came_with(control) {
    var copy = control.cloneNode();
    copy.value = control.defaultValue;
    return copy.value;
  }

  function value_of(field, came) {
    if (!field[0].options && !is_choice(field[0])) return came ? came_with(field[0]) : field[0].value;
    return choices(field, came).map(function (choice) { return choice.value; }).join("\n");
  }

  function put(field, value) {
    if (!field[0].options && !is_choice(field[0])) field[0].value = value;
    else Array.prototype.forEach.call(field[0].options || field, function (choice) {
      choice[field[0].options ? "selected" : "checked"] = value.split("\n").indexOf(choice.value) >= 0;
    });
  }

  function label_of(control) {
    var label = control.labels && control.labels[0];
    return label ? label.textContent.trim().replace(/\s+/g, " ") : "";
  }

  /* What the field is called, and what stands in it, in words. */
  function words_of(field) {
    var first = field[0], legend = is_choice(first) && first.closest("fieldset") && first.closest("fieldset").querySelector("legend");
    if (first.options) return [label_of(first), choices(field).map(function (option) { return option.text; }).join("\n")];
    if (!is_choice(first)) return [label_of(first), first.value];
    return [legend ? legend.textContent.trim() : "", choices(field).map(label_of).join("\n")];
  }

  function watch(form) {
    var key = "kept:" + form.dataset.kept;
    var restored = form.querySelector("[data-kept-said]"), beside = form.querySelector("[data-kept-aside]");
    var all = fields(form), kept = read(key) || {};
    var came = {}, aside = kept.aside || [], pause;

    function save(sent) {
      clearTimeout(pause);
      if (leaving) return;
      var typed = Object.keys(all).filter(function (name) { return value_of(all[name]) !== came[name]; }).map(function (name) {
        return [name, came[name], value_of(all[name])].concat(words_of(all[name]));
      });
      if (typed.length || aside.length) write(key, { typed: typed, aside: aside, sent: sent === true });
      else store.removeItem(key);
    }

    /* Whether it stands in the form again; else it is put aside, not over what somebody saved. */
    function restore(old) {
      var field = all[old[0]], stands = field && value_of(field, true);
      if (field && (stands === old[1] || stands === old[2])) {
        put(field, old[2]);
        if (value_of(field) === old[2]) return stands !== old[2];
        put(field, stands);
      }
      aside.push(old.slice(3));
      return false;
    }

    function show() {
      var list = beside && beside.querySelector("dl");
      if (!list) return;
      beside.hidden = !aside.length;
      list.textContent = "";
      aside.forEach(function (words) {
        ["dt", "dd"].forEach(function (name, at) {
          var line = list.appendChild(document.createElement(name));
          line.textContent = words[at] || (at ? list.dataset.nothing : "");
          line.dir = "auto";
          if (at) line.className = "stands-now";
        });
      });
    }

    Object.keys(all).forEach(function (name) { came[name] = value_of(all[name], true); });
    if (form.hasAttribute("data-answered")) {
      (kept.typed || []).forEach(function (old) { if (all[old[0]]) came[old[0]] = old[1]; });
    } else if ((kept.typed || []).map(restore).some(Boolean) && restored) restored.hidden = false;
    show();
    form.addEventListener("input", function () {
      clearTimeout(pause);
      pause = setTimeout(save, 300);
    });
    form.addEventListener("submit", function () { save(true); });
    window.addEventListener("pagehide", function () { if (!(read(key) || {}).sent) save(); });
    function discard(notice, action) {
      if (notice) notice.querySelector("[data-kept-discard]").addEventListener("click", function () {
        action();
        notice.hidden = true;
        save();
      });
    }
    discard(restored, function () { form.reset(); });
    discard(beside, function () { aside = []; });
  }

  document.querySelectorAll("form[data-kept]").forEach(watch);
})();
