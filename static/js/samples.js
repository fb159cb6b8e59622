/* What officials will see, as it is typed; without this script the samples are those of the last
   time the page was sent. Nothing leaves the page. */
(function () {
  "use strict";
  var samples = document.querySelector("[data-samples]");
  if (!samples) return;
  var form = samples.closest("form");

  function value(name) {
    var field = form.querySelector("[name=" + name + "]");
    return field ? field.value.trim().replace(/\s+/g, " ") : "";
  }

  /* As it prints (core/text/person_names.py): in Han, kana and hangul the family name comes first. */
  function full_name(given, family) {
    if (/^[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]+$/u.test(given + family)) return family + given;
    return (given + " " + family).trim();
  }

  /* As it prints: some countries write a region by its code. */
  function region(name) {
    var folded = name.toLowerCase();
    var known = Array.from(form.querySelectorAll("#regions option")).find(function (option) {
      return option.value.toLowerCase() === folded;
    });
    return known ? known.dataset.printed : name;
  }

  /* In one piece, and its digits in their order on a page that runs from right to left. */
  function code(text) {
    var piece = document.createElement("bdi");
    piece.className = "code";
    piece.dir = "ltr";
    piece.textContent = text;
    return piece;
  }

  /* The address follows the country by itself (htmx); the button is for when it cannot. */
  function tidy() {
    var button = form.querySelector(".change-country");
    if (button && window.htmx) button.hidden = true;
    show();
  }

  function show() {
    /* While the address is replaced there are two of them for a moment. */
    var select = form.querySelector("select[name=country]");
    if (!select && !samples.dataset.country) return;
    var chosen = select && select.options[select.selectedIndex];
    var country = select ? (select.value && chosen ? chosen.text : "") : samples.dataset.country;
    if (!value("given_name") || !value("locality") || !country) return;
    var name = full_name(value("given_name"), value("family_name"));
    var order = (form.querySelector("[data-order]").dataset.order || "").split(" ");
    var comma = samples.dataset.comma;
    var place = [name + comma];
    order.filter(value).forEach(function (part, at) {
      if (at) place.push(" ");
      if (part === "postal_code") place.push(code(value(part)));
      else place.push(part === "region" ? region(value(part)) : value(part));
    });
    var shown = {
      name: [name],
      town: [[name, value("locality"), country].join(comma)],
      full: place.concat(comma + country)
    };
    samples.querySelectorAll("[data-sample]").forEach(function (row) {
      var line = row.querySelector("dd");
      line.replaceChildren.apply(line, shown[row.dataset.sample]);
    });
    samples.querySelector("[data-invented]").hidden = true;
  }

  form.addEventListener("input", show);
  form.addEventListener("change", show);
  document.addEventListener("htmx:afterSettle", tidy);
  tidy();
})();
