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
    var name = (value("given_name") + " " + value("family_name")).trim();
    var order = (form.querySelector("[data-order]").dataset.order || "").split(" ");
    var place = order.map(value).filter(Boolean).join(" ");
    var texts = {
      name: [name],
      town: [name, value("locality"), country],
      full: [name, place, country]
    };
    samples.querySelectorAll("[data-sample]").forEach(function (row) {
      row.querySelector("dd").textContent = texts[row.dataset.sample].join(samples.dataset.comma);
    });
    samples.querySelector("[data-invented]").hidden = true;
  }

  form.addEventListener("input", show);
  form.addEventListener("change", show);
  document.addEventListener("htmx:afterSettle", tidy);
  tidy();
})();
