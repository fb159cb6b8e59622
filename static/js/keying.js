/* Keying in row after row without leaving the keyboard. Without this script several rows are sent at once.

   #keying holds the form, #keyed what was keyed in. Enter saves the row: it is sent while the next one is typed, and
   of the answer, a whole page, #keyed is taken. A row that is not right comes back; what was being typed then waits
   until it is. A quotation mark in an empty field takes what stands above; arrow up in an empty row opens the last
   one for correction. */
(function () {
  "use strict";

  var above = {};
  var waiting = [];
  var busy = false;
  var put_aside = null;

  function keying() { return document.getElementById("keying"); }
  function form() { return keying().querySelector("form.keying-form"); }
  function fields() { return form().querySelectorAll(".keying-row input, .keying-row select"); }
  function plain(field) { return field.name.replace(/-\d+$/, ""); }

  function values() {
    var row = {};
    fields().forEach(function (field) {
      row[plain(field)] = field.type === "checkbox" ? field.checked : field.value;
    });
    return row;
  }

  function fill(wanted) {
    fields().forEach(function (field) {
      var value = wanted[plain(field)];
      if (field.type === "checkbox") field.checked = Boolean(value);
      else field.value = value || "";
    });
  }

  function is_blank(row) { return !(row.given_name || row.family_name || row.postal_code || row.email); }

  function alone() {
    if (!form()) return;
    form().querySelectorAll("[data-spare]").forEach(function (row) { row.remove(); });
    var wrong = form().querySelector("[aria-invalid]");
    var first = wrong || form().querySelector("input[name^=given_name]");
    if (!first) return;
    first.focus();
    if (wrong && wrong.select) wrong.select();
  }

  function take(text, address, with_form) {
    var page = new DOMParser().parseFromString(text, "text/html");
    if (!page.getElementById("keying")) { window.location.assign(address); return; }
    document.getElementById("keyed").replaceWith(document.adoptNode(page.getElementById("keyed")));
    if (!with_form) return;
    keying().replaceWith(document.adoptNode(page.getElementById("keying")));
    alone();
  }

  function work() {
    if (busy || !waiting.length) return;
    var job = waiting.shift();
    busy = true;
    fetch(job.address, job.options).then(function (answer) {
      return answer.text().then(function (text) {
        busy = false;
        if (answer.status === 422) refused(text, answer.url);
        else if (answer.ok) accepted(text, answer.url, job);
        else window.location.assign(window.location.href);
        work();
      });
    }).catch(function () {
      busy = false;
      fill(job.row || {});
      form().submit();
    });
  }

  function refused(text, address) {
    var typing = form() && form().hasAttribute("data-fresh") ? values() : null;
    if (typing && !is_blank(typing)) put_aside = typing;
    take(text, address, true);
  }

  function accepted(text, address, job) {
    take(text, address, !job.fast);
    if (!put_aside || !form().hasAttribute("data-fresh")) return;
    if (is_blank(values())) { fill(put_aside); put_aside = null; }
  }

  function ask(address, options, more) {
    waiting.push(Object.assign({ address: address, options: options }, more));
    work();
  }

  document.addEventListener("submit", function (event) {
    if (event.target !== form()) return;
    event.preventDefault();
    var row = values();
    var fresh = form().hasAttribute("data-fresh");
    document.getElementById("nothing-keyed").hidden = !fresh || !is_blank(row);
    if (fresh && is_blank(row)) { alone(); return; }
    var right = fresh && !form().querySelector("[aria-invalid]");
    var sent = { method: "POST", body: new URLSearchParams(new FormData(form())), credentials: "same-origin" };
    Object.keys(row).forEach(function (name) {
      if (typeof row[name] !== "string" || row[name].trim() !== "\"") above[name] = row[name];
    });
    ask(form().action, sent, { row: row, fast: right });
    if (!right) return;
    fill({ locality: above.locality, country: above.country, number: parseInt(row.number, 10) + 1 });
    alone();
  });

  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[data-correct]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    ask(link.href, { credentials: "same-origin" }, {});
  });

  document.addEventListener("keydown", function (event) {
    var field = event.target;
    if (!keying().contains(field) || !field.closest(".keying-row")) return;
    if (event.key === "Enter" && field.tagName === "SELECT") {
      event.preventDefault();
      form().requestSubmit();
    } else if (event.key === "\"" && field.type === "text" && field.value === "" && above[plain(field)]) {
      event.preventDefault();
      field.value = above[plain(field)];
    } else if (event.key === "ArrowUp" && plain(field) === "given_name" && field.value === "") {
      var last = document.querySelector("#keyed a[data-correct]");
      if (last) { event.preventDefault(); ask(last.href, { credentials: "same-origin" }, {}); }
    }
  });

  alone();
})();
