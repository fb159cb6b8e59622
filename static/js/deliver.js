/* The page at the gate. Without this script it is a plain form. With it, what is recorded is kept on the phone first
   and sent at once, or when there is reach again; pictures are made smaller and lose place and camera here already. */
(function () {
  "use strict";

  var form = document.querySelector("form[data-deliver]");
  if (!form || !window.indexedDB || !window.deliveries) return;
  var queue = window.deliveries;
  var words = form.dataset;
  var box = document.getElementById("kept");
  var tray = document.getElementById("thumbs");
  var companions = document.getElementById("companions");
  var SIDE = 1600;
  var MOST = 8;
  var chosen = []; /* pictures, made smaller */
  var left_out = []; /* names of files that are no pictures: the page of the record names them */
  var busy = 0; /* pictures that are being made smaller */
  var sent = [];
  var changing = ""; /* key of the record that is being changed: it stays until the new one is kept */

  /* --- The service worker ------------------------------------------------------------------------------------- */
  var registered = null;
  if ("serviceWorker" in navigator) {
    registered = navigator.serviceWorker
      .register(form.action + "/worker.js", { scope: form.action })
      .then(function (registration) {
        return new Promise(function (resolve) {
          var worker = registration.installing || registration.waiting || registration.active;
          function ready() { if (worker.state === "activated") { keep(worker); resolve(registration); } }
          worker.addEventListener("statechange", ready);
          ready();
        });
      })
      .catch(function () { return null; });
    /* What the worker has sent is said here as well; how the rest stands, the page asks for itself. */
    navigator.serviceWorker.addEventListener("message", function (event) {
      settle(event.data.done);
      send();
    });
  }

  function keep(worker) {
    var parts = performance.getEntriesByType("resource").map(function (resource) { return new URL(resource.name); })
      .filter(function (url) {
        return url.origin === location.origin && (/^\/static\//.test(url.pathname) || url.pathname === "/brand.css");
      })
      .map(function (url) { return url.href; });
    document.querySelectorAll("link[rel=stylesheet], script[src]").forEach(function (element) {
      parts.push(element.href || element.src);
    });
    var line = new MessageChannel();
    line.port1.onmessage = function (event) {
      if (!event.data || !registered) return;
      document.documentElement.dataset.offline = "ready";
      /* Only without a question is the page answered from what is kept. */
      if (!location.search) document.getElementById("opens-offline").textContent = words.opensOffline;
    };
    worker.postMessage({ keep: parts }, [line.port2]);
  }

  /* Nothing is left on the phone once everything is with us. */
  function wipe() {
    if (!registered) return;
    registered.then(function (registration) {
      if (!registration) return;
      if (registration.active) registration.active.postMessage({ forget: true });
      registration.unregister();
    });
    registered = null;
    document.getElementById("opens-offline").textContent = "";
  }

  /* --- Without reach, and what has happened meanwhile ---------------------------------------------------------- */
  var asked = 0; /* questions so far: only the last one's answer counts */
  var waiting = false;

  function warn(id) {
    ["no-reach", "signed-out"].forEach(function (each) { document.getElementById(each).hidden = each !== id; });
  }

  function lose_reach() {
    asked += 1;
    warn("no-reach");
  }

  /* Ask what this page would say now. Until there is an answer, a warning stays. Its header says that nobody pressed
     anything: a phone that was put down does not stay signed in. */
  function ask() {
    var mine = asked += 1;
    if (waiting) warn("no-reach"); /* no answer to the last question yet */
    waiting = true;
    function answered(deed) {
      return function (told) { if (mine === asked) { waiting = false; deed(told); } };
    }
    return queue.ask(form.action + "?before=1", { headers: { "HX-Request": "true" } }).then(function (answer) {
      if (answer.type === "opaqueredirect") return null;
      if (!answer.ok) throw new Error("no answer");
      return answer.text().then(function (page) { return new DOMParser().parseFromString(page, "text/html"); });
    }).then(answered(function (page) {
      if (page) {
        show_alarms(page.getElementById("alarms"));
        mark_stopped(page);
      }
      warn(page ? "" : "signed-out");
    })).catch(answered(function () { warn("no-reach"); }));
  }

  function show_alarms(fresh) {
    var alarms = document.getElementById("alarms");
    if ("stopped" in alarms.dataset || fresh.innerHTML === alarms.innerHTML) return;
    alarms.innerHTML = fresh.innerHTML;
    if ("stopped" in fresh.dataset) {
      alarms.dataset.stopped = "";
      form.querySelectorAll("[name=outcome]").forEach(function (field) { field.checked = false; });
      offer_stopped();
    }
    alarms.scrollIntoView({ block: "nearest" });
    /* Opened again without reach, the page says so too. */
    if (registered) registered.then(function (registration) { if (registration && registration.active) keep(registration.active); });
  }

  /* A bundle that did not come along has no number, nor a print that was carried: what was answered waits until it is ticked again. */
  function follow_ticks() {
    companions.querySelectorAll("[name^=with_]").forEach(function (tick) {
      var id = tick.name.replace("with_", "");
      companions.querySelectorAll("[name=taken_" + id + "],[name=paper_" + id + "],[name=removed_" + id + "],[name=sheets_" + id + "]").forEach(function (field) {
        field.disabled = !tick.checked;
      });
    });
  }

  companions.addEventListener("change", follow_ticks);

  /* Unticked once, as on a page that is opened after the stop: whoever ticks it again was told of it. */
  function mark_stopped(page) {
    page.querySelectorAll("#companions .status").forEach(function (status) {
      var field = document.getElementById(status.parentNode.htmlFor);
      if (!field || field.labels[0].querySelector(".status")) return;
      field.labels[0].append(" ", status);
      field.checked = false;
    });
    follow_ticks();
  }

  function offer_stopped() {
    var row = line("div", "", "choice choice-stopped"), field = document.createElement("input");
    var label = line("label", words.notDelivered);
    field.type = "radio";
    field.name = "outcome";
    field.value = "stopped";
    field.id = label.htmlFor = "outcome-stopped";
    row.append(field, label);
    form.querySelector("#outcome legend").after(row);
  }

  /* Day and time at the mission, whatever zone this phone is set to. */
  function there() {
    var parts = {};
    new Intl.DateTimeFormat("en-US", {
      timeZone: words.zone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23",
      year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit"
    }).formatToParts(new Date()).forEach(function (part) { parts[part.type] = part.value; });
    return { day: parts.year + "-" + parts.month + "-" + parts.day, time: parts.hour + ":" + parts.minute };
  }

  var typed_moment = true; /* whether somebody chose day and time: then they stay */

  function now() {
    var at = there();
    form.happened_on.value = at.day;
    form.happened_time.value = at.time;
    typed_moment = false;
  }

  /* A moment that nobody touched is that of the record, not that at which the page was opened. */
  function follow_clock() {
    if (!typed_moment && ["happened_on", "happened_time"].indexOf(document.activeElement.name) < 0) now();
  }

  [form.happened_on, form.happened_time].forEach(function (field) {
    field.addEventListener("input", function () { typed_moment = true; });
  });

  /* --- Pictures ----------------------------------------------------------------------------------------------- */
  function smaller(file) {
    return createImageBitmap(file, { imageOrientation: "from-image" }).then(function (picture) {
      var scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      var brush = canvas.getContext("2d");
      brush.fillStyle = "#fff";
      brush.fillRect(0, 0, canvas.width, canvas.height);
      brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
      return new Promise(function (resolve) {
        canvas.toBlob(function (blob) {
          resolve(blob ? { field: "pictures", name: "picture.jpg", blob: blob, canvas: canvas } : null);
        }, "image/jpeg", 0.85);
      });
    }).catch(function () { return null; });
  }

  function show() {
    tray.textContent = "";
    chosen.forEach(function (picture, at) {
      var item = document.createElement("li"), canvas = picture.canvas;
      if (canvas) {
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", words.picture.replace("{n}", at + 1));
      }
      item.append(canvas || picture.name);
      var button = document.createElement("button");
      button.type = "button";
      button.className = "button-link";
      button.textContent = words.remove;
      button.setAttribute("aria-label", words.remove + ": " + words.picture.replace("{n}", at + 1));
      button.addEventListener("click", function () { chosen.splice(at, 1); show(); });
      item.append(button);
      tray.append(item);
    });
  }

  /* What it begins with says what it is, whatever its name says. */
  function kind_of(file) {
    return file.slice(0, 12).arrayBuffer().then(function (start) {
      var text = String.fromCharCode.apply(null, new Uint8Array(start));
      if (/^(\xff\xd8\xff|\x89PNG|RIFF[^]{4}WEBP)/.test(text)) return "picture";
      return /^\s*%PDF-/.test(text) ? "pdf" : "";
    });
  }

  function say_no_picture(names) {
    var note = document.getElementById("no-picture");
    note.textContent = names.map(function (name) { return words.noPicture.replace("{name}", name); }).join(" ");
    note.hidden = !names.length;
  }

  function take(input) {
    var wrong = [];
    var files = Array.prototype.slice.call(input.files).slice(0, MOST - chosen.length);
    busy += files.length;
    files.forEach(function (file) {
      smaller(file).then(function (picture) {
        if (picture) return picture;
        /* A picture that this browser cannot draw goes as it is: the server judges it. */
        return kind_of(file).then(function (kind) {
          return kind === "picture" ? { field: "pictures", name: file.name, blob: file } : null;
        });
      }).catch(function () { return null; }).then(function (picture) {
        if (picture) chosen.push(picture); else { wrong.push(file.name); left_out.push(file.name); }
        busy -= 1;
        show();
        say_no_picture(wrong);
      });
    });
    say_no_picture(wrong);
    input.value = "";
  }

  ["camera", "pictures"].forEach(function (name) {
    form[name].addEventListener("change", function () { take(form[name]); });
  });

  form.receipt.addEventListener("change", function () {
    var file = form.receipt.files[0];
    point_at(null);
    if (!file) return;
    busy += 1;
    kind_of(file).catch(function () { return ""; }).then(function (kind) {
      busy -= 1;
      if (kind) return;
      form.receipt.value = "";
      point_at(form.receipt, words.noReceipt.replace("{name}", file.name));
    });
  });

  /* --- Keeping and sending ------------------------------------------------------------------------------------ */
  function new_key() {
    var bytes = crypto.getRandomValues(new Uint8Array(18));
    return Array.prototype.map.call(bytes, function (b) { return ("0" + b.toString(16)).slice(-2); }).join("");
  }

  function read_form() {
    var fields = [], files = [];
    new FormData(form).forEach(function (value, name) {
      if (name === "csrf_token" || name === "key" || name === "offered" || name === "left_out") return;
      if (typeof value === "string") fields.push([name, value]);
      else if (value.size && name === "receipt") files.push({ field: name, name: value.name, blob: value });
    });
    var labels = {};
    companions.querySelectorAll("label").forEach(function (label) { labels[label.htmlFor] = label.textContent.trim(); });
    var key = new_key();
    fields.push(["key", key]);
    if (left_out.length) fields.push(["left_out", left_out.join(", ")]);
    chosen.forEach(function (file) { files.push({ field: file.field, name: file.name, blob: file.blob }); });
    return {
      key: key, url: form.action, who: words.who, name: words.name,
      outcome: form.querySelector("[name=outcome]:checked").parentNode.textContent.trim(),
      fields: fields, labels: labels, files: files, problems: null
    };
  }

  function line(tag, text, kind) {
    var element = document.createElement(tag);
    element.textContent = text;
    if (kind) element.className = kind;
    return element;
  }

  function link_to(text, url, kind) {
    var link = line("a", text, kind);
    link.href = url;
    return link;
  }

  function button(text, deed) {
    var element = line("button", text, "button-quiet");
    element.type = "button";
    element.addEventListener("click", deed);
    return element;
  }

  /* The day and time that were typed: those at the mission, in the words of the workspace. */
  function typed(fields) {
    var values = Object.fromEntries(fields), patterns = JSON.parse(words.moments);
    var on = values.happened_on.split("-").map(Number), at = (values.happened_time || "").split(":");
    var day = patterns.days[on[1] - 1][on[2] === 1 ? 0 : 1].replace("{year}", on[0]).replace("{number}", on[2]);
    if (!values.happened_time) return day;
    var moment = patterns.moments[Number(at[0])].replace("{day}", day).replace("{minute}", at[1]);
    return patterns.in_zone.replace("{moment}", moment);
  }

  /* What was kept before the last update of this page calls it otherwise. */
  function outcome_of(record) { return record.outcome || record.said; }

  function entry(record, state) {
    var item = document.createElement("li");
    item.dataset.state = state;
    item.append(line("p", record.name + " · " + outcome_of(record) + " · " + typed(record.fields), "kept-what"));
    var waits = state === "problem" ? words.problem : state === "signed-out" ? words.signedOut
      : state === "other" ? words.other : words.waits;
    item.append(line("p", waits, "kept-state"));
    (record.problems || []).forEach(function (text) { item.append(line("p", text, "error")); });
    var deeds = line("p", "", "actions");
    if (state === "signed-out") {
      deeds.append(link_to(words.signIn, words.signInUrl, "button-quiet"));
    }
    if (record.recorded) deeds.append(link_to(words.look, record.recorded));
    if (state === "problem") deeds.append(button(words.change, function () { put_back(record); }));
    if (state === "away") deeds.append(button(words.sendNow, function () { send(); }));
    if (state !== "sending") {
      var sure = false;
      var drop = button(words.discard, function () {
        if (!sure) { sure = true; drop.textContent = words.discardSure; return; }
        queue.remove(record.key).then(refresh);
      });
      deeds.append(drop);
    }
    if (deeds.childNodes.length) item.append(deeds);
    return item;
  }

  function draw(entries) {
    var list = box.querySelector("ul");
    list.textContent = "";
    entries.forEach(function (each) { list.append(entry(each.record, each.state)); });
    sent.forEach(function (each) {
      var item = document.createElement("li"), again = line("p", "", "actions");
      item.dataset.state = "sent";
      item.append(line("p", each.record.name + " · " + outcome_of(each.record), "kept-what"), line("p", words.sent, "kept-state"));
      if (each.after_stop) item.append(line("p", each.after_stop + " · " + words.afterStop, "error"), line("p", words.afterStopSeen));
      item.append(link_to(words.look, each.url));
      again.append(button(words.again, function () { window.location.reload(); }));
      if (each.record.url === form.action) item.append(again);
      list.append(item);
    });
    box.hidden = !list.childNodes.length;
    /* What was sent is not here any more: the page is asked for anew before another visit is written down. */
    var begun = changing || chosen.length || busy || form.querySelector("[name=outcome]:checked:not([value=stopped])");
    if (!begun && sent.some(function (each) { return each.record.url === form.action; })) form.hidden = true;
  }

  /* What lies on the phone, as far as it is known without asking the server. */
  function refresh() {
    return queue.all().then(function (records) {
      draw(records.map(function (record) { return { record: record, state: record.problems ? "problem" : "away" }; }));
      return records;
    });
  }

  var written = ""; /* key of the record that was just written, until it is known what became of it */

  /* Whether this page or its worker sent it is chance: the record that was just written opens either way. */
  function settle(done) {
    done.forEach(function (each) {
      if (each.state === "sent") sent.push(each);
      if (each.record.key !== written) return;
      written = "";
      if (each.state === "sent") window.location.assign(each.url);
    });
  }

  var sending = 0; /* rounds that wait or run: the one that began before a record was kept does not send it */
  function send() {
    sending += 1;
    return queue.send_all().then(function (done) {
      settle(done);
      return queue.all().then(function (kept) {
        draw(kept.map(function (record) {
          var result = done.filter(function (each) { return each.record.key === record.key; })[0];
          return { record: record, state: result ? result.state : "sending" };
        }));
        if (sent.length && !kept.length) wipe();
      });
    }).catch(function () {}).then(function () { sending -= 1; });
  }

  function ask_sync() {
    if (!registered) return;
    registered.then(function (registration) {
      if (registration && registration.sync) registration.sync.register("deliver").catch(function () {});
    });
  }

  /* A bundle that came along, and that this page offers no more, has its box and its number again. */
  function bring_back(name, type, value, label) {
    if (form.elements[name]) return;
    var row = document.createElement("div"), field = document.createElement("input"), title = line("label", label || name);
    row.className = type === "checkbox" ? "choice" : "field when-part";
    field.type = type;
    field.value = value;
    field.name = field.id = title.htmlFor = name;
    row.append(type === "checkbox" ? field : title, type === "checkbox" ? title : field);
    companions.append(row);
    companions.hidden = false;
  }

  function bring_all_back(values, labels) {
    Object.keys(values).forEach(function (name) {
      if (name.indexOf("with_") !== 0) return;
      var taken = name.replace("with", "taken");
      bring_back(name, "checkbox", values[name], labels[name]);
      bring_back(taken, "number", values[taken] || "", labels[taken]);
    });
  }

  function put_receipt_back(files) {
    var picked = new DataTransfer();
    files.forEach(function (file) { picked.items.add(new File([file.blob], file.name, { type: file.blob.type })); });
    form.receipt.files = picked.files;
  }

  /* A page that offers or asks for what this one does not, as it is now; there the record comes back by itself. */
  function open_anew(record) {
    window.location.assign(form.action + "?before=1#" + record.key);
    if (location.search === "?before=1") location.reload(); /* else only the end of the address would change */
  }

  /* What the server did not take comes back into the form, all of it; the record stays until another takes its place. */
  function put_back(record) {
    var values = {};
    var is_anew = location.hash === "#" + record.key;
    var lacks = !is_anew && (record.asked || []).some(function (name) { return !form.elements[name]; });
    /* Of another bundle: it has its own page. */
    if (record.url !== form.action) { window.location.assign(record.url); return; }
    if (lacks) { open_anew(record); return; }
    record.fields.forEach(function (pair) { values[pair[0]] = pair[1]; });
    if (!form.querySelector("[name=outcome][value=" + values.outcome + "]")) {
      if (values.outcome === "stopped" && "stopped" in document.getElementById("alarms").dataset) offer_stopped();
      else if (!is_anew) { open_anew(record); return; }
      /* The page as it is now does not offer it either: it is chosen anew. */
    }
    put_receipt_back(record.files.filter(function (file) { return file.field === "receipt"; }));
    chosen = record.files.filter(function (file) { return file.field === "pictures"; });
    show();
    bring_all_back(values, record.labels || {});
    Array.prototype.forEach.call(form.elements, function (field) {
      if (!field.name || field.type === "file" || field.name === "key" || field.name === "csrf_token" || field.name === "offered" || field.name === "left_out") return;
      if (field.type === "checkbox" || field.type === "radio") field.checked = values[field.name] === field.value;
      else if (field.name in values) field.value = values[field.name];
    });
    follow_ticks();
    typed_moment = true;
    is_recorded = false;
    changing = record.key;
    form.hidden = false;
    form.scrollIntoView();
  }

  function complain(text) {
    var note = document.getElementById("not-yet");
    note.textContent = text;
    note.hidden = !text;
    if (text) note.focus();
  }

  /* A part is some of the letters: a number that cannot be is said here, before it is kept. */
  function wrong_part() {
    if (form.querySelector("[name=outcome]:checked").value !== "part") return null;
    return Array.prototype.filter.call(form.querySelectorAll("[data-wrong]"), function (field) {
      var taken = Number(field.value);
      return !field.disabled && !(taken >= 1 && taken <= Number(field.max) && taken % 1 === 0);
    })[0] || null;
  }

  /* What happened to signature sheets, and which print was carried, is known at the gate: it is asked before the record is kept. */
  function unsaid(kind) {
    return Array.prototype.filter.call(form.querySelectorAll("[name^=" + kind + "_]"), function (field) {
      var along = form.elements[field.name.replace(kind, "with")];
      return (!along || along.checked) && !form.elements[field.name].value;
    })[0] || null;
  }

  /* A delivery lies behind us. */
  function wrong_day() {
    if (!form.happened_on.value) return words.noDay;
    return form.happened_on.value > there().day ? words.future : "";
  }

  function wrong_time() {
    var at = there();
    return form.happened_on.value === at.day && form.happened_time.value > at.time ? words.futureTime : "";
  }

  function point_at(field, text) {
    form.querySelectorAll(".part-wrong").forEach(function (error) { error.remove(); });
    form.querySelectorAll("[aria-invalid]").forEach(function (each) { each.removeAttribute("aria-invalid"); });
    if (!field) return;
    var error = line("p", text, "error part-wrong");
    error.setAttribute("role", "alert");
    (field.type === "radio" ? field.closest(".choice") : field).before(error);
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }

  var is_recorded = false; /* whether nothing was changed since the form was recorded: a second press is no second record */
  form.addEventListener("input", function () { is_recorded = false; });

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (is_recorded) { box.querySelector("h2").focus(); return; }
    if (!form.querySelector("[name=outcome]:checked")) { complain(words.sayHow); return; }
    if (busy) { complain(words.wait); return; }
    complain("");
    if (!typed_moment) now();
    var outcome = form.querySelector("[name=outcome]:checked").value;
    var part = wrong_part(), day = wrong_day(), time = day ? "" : wrong_time();
    var wrong = part || (day ? form.happened_on : time ? form.happened_time : null);
    var sheets = !wrong && outcome === "part" && unsaid("sheets"), paper = !wrong && outcome !== "stopped" && unsaid("paper");
    if (sheets || paper) { point_at(sheets || paper, sheets ? words.sheetsUnsaid : words.paperUnsaid); return; }
    point_at(wrong, part ? part.dataset.wrong : day || time);
    if (wrong) return;
    say_no_picture([]);
    is_recorded = true;
    var record = read_form();
    queue.put(record, changing).then(function () {
      changing = "";
      written = record.key;
      form.reset();
      follow_ticks();
      chosen = [];
      left_out = [];
      show();
      now();
      draw([{ record: record, state: "sending" }]);
      box.querySelector("h2").focus();
      ask_sync();
      return send();
    }).catch(function () {
      /* This phone keeps nothing (private window, no room): send it the plain way. */
      form.submit();
    });
  });

  function look_again() {
    if (!document.hidden) ask();
    queue.all().then(function (kept) { if (kept.length && !sending) send(); });
  }

  window.addEventListener("online", function () { ask(); send(); });
  window.addEventListener("offline", lose_reach);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) look_again(); });
  setInterval(look_again, 20000);
  setInterval(follow_clock, 5000);
  if (!navigator.onLine) lose_reach();
  follow_ticks();
  window.addEventListener("pageshow", follow_ticks); /* once the browser has put back what was ticked */
  ask();
  if (!form.querySelector("[aria-invalid]") && !document.querySelector(".error-summary")) now();
  refresh().then(function (records) {
    records.forEach(function (record) { if (record.problems && location.hash === "#" + record.key) put_back(record); });
    if (records.length) send();
  });
})();
