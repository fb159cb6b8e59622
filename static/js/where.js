/* What is typed while the address is being fitted to a country (htmx swaps #where) stays. */
(function () {
  "use strict";
  var asked = {};
  var typed = {};

  function lines() { return document.querySelectorAll("#where input[name]"); }

  function values() {
    var by_name = {};
    lines().forEach(function (field) { by_name[field.name] = field.value; });
    return by_name;
  }

  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.target.name === "country") asked = values();
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target.id !== "where") return;
    var now = values();
    typed = {};
    Object.keys(now).forEach(function (name) {
      if (now[name] !== asked[name]) typed[name] = now[name];
    });
  });
  document.addEventListener("htmx:afterSwap", function () {
    lines().forEach(function (field) {
      if (field.name in typed) field.value = typed[field.name];
    });
    typed = {};
    /* The warning of a country is read out: what was swapped in is no live region by itself. */
    var voice = document.querySelector("[data-risk-said]");
    var risk = document.querySelector("#where .notice, #where .risk");
    if (voice) voice.textContent = risk ? risk.textContent : "";
  });
  /* A country chosen before this page's scripts were there is asked for now. */
  document.addEventListener("DOMContentLoaded", function () {
    var country = document.querySelector("#where select[name=country]");
    if (!country) return;
    var came = country.querySelector("option[selected]") || country.options[0];
    if (!came.selected) country.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
