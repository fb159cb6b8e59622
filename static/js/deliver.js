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
      .then(function (found) {
        return new Promise(function (resolve) {
          var one = found.installing || found.waiting || found.active;
          function ready() { if (one.state === "activated") { keep(one); resolve(found); } }
          one.addEventListener("statechange", ready);
          ready();
        });
      })
      .catch(function () { return null; });
    /* What the worker has sent is said here as well; how the rest stands, the page asks for itself. */
    navigator.serviceWorker.addEventListener("message", function (event) {
      event.data.done.forEach(function (one) { if (one.state === "sent") sent.push(one); });
      send();
    });
  }

  function keep(worker) {
    var parts = performance.getEntriesByType("resource").map(function (one) { return new URL(one.name); })
      .filter(function (url) {
        return url.origin === location.origin && (/^\/static\//.test(url.pathname) || url.pathname === "/brand.css");
      })
      .map(function (url) { return url.href; });
    document.querySelectorAll("link[rel=stylesheet], script[src]").forEach(function (one) {
      parts.push(one.href || one.src);
    });
    var line = new MessageChannel();
    line.port1.onmessage = function () { document.documentElement.dataset.offline = "ready"; };
    worker.postMessage({ keep: parts }, [line.port2]);
  }

  /* Nothing is left on the phone once everything is with us. */
  function wipe() {
    if (!registered) return;
    registered.then(function (found) {
      if (!found) return;
      if (found.active) found.active.postMessage({ forget: true });
      found.unregister();
    });
    registered = null;
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
      if (page) show_alarms(page.getElementById("alarms"));
      warn(page ? "" : "signed-out");
    })).catch(answered(function () { warn("no-reach"); }));
  }

  function show_alarms(fresh) {
    var alarms = document.getElementById("alarms");
    if ("stopped" in alarms.dataset || fresh.innerHTML === alarms.innerHTML) return;
    alarms.innerHTML = fresh.innerHTML;
    if ("stopped" in fresh.dataset) {
      alarms.dataset.stopped = "";
      offer_stopped();
    }
    alarms.scrollIntoView({ block: "nearest" });
    /* Opened again without reach, the page says so too. */
    if (registered) registered.then(function (found) { if (found && found.active) keep(found.active); });
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
    var said = {};
    new Intl.DateTimeFormat("en-US", {
      timeZone: words.zone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23",
      year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit"
    }).formatToParts(new Date()).forEach(function (part) { said[part.type] = part.value; });
    return { day: said.year + "-" + said.month + "-" + said.day, time: said.hour + ":" + said.minute };
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
    chosen.forEach(function (one, at) {
      var item = document.createElement("li");
      if (one.canvas) { one.canvas.setAttribute("role", "img"); item.append(one.canvas); }
      if (one.canvas) one.canvas.setAttribute("aria-label", words.picture.replace("{n}", at + 1));
      else item.append(one.name);
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
    var said = document.getElementById("no-picture");
    said.textContent = names.map(function (name) { return words.noPicture.replace("{name}", name); }).join(" ");
    said.hidden = !names.length;
  }

  function take(input) {
    var wrong = [];
    var files = Array.prototype.slice.call(input.files).slice(0, MOST - chosen.length);
    busy += files.length;
    files.forEach(function (file) {
      smaller(file).then(function (made) {
        if (made) return made;
        /* A picture that this browser cannot draw goes as it is: the server judges it. */
        return kind_of(file).then(function (kind) {
          return kind === "picture" ? { field: "pictures", name: file.name, blob: file } : null;
        });
      }).catch(function () { return null; }).then(function (one) {
        if (one) chosen.push(one); else { wrong.push(file.name); left_out.push(file.name); }
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

  function record() {
    var fields = [], files = [];
    new FormData(form).forEach(function (value, name) {
      if (name === "csrf_token" || name === "key" || name === "offered" || name === "left_out") return;
      if (typeof value === "string") fields.push([name, value]);
      else if (value.size && name === "receipt") files.push({ field: name, name: value.name, blob: value });
    });
    var labels = {};
    companions.querySelectorAll("label").forEach(function (one) { labels[one.htmlFor] = one.textContent.trim(); });
    var key = new_key();
    fields.push(["key", key]);
    if (left_out.length) fields.push(["left_out", left_out.join(", ")]);
    chosen.forEach(function (one) { files.push({ field: one.field, name: one.name, blob: one.blob }); });
    return {
      key: key, url: form.action, who: words.who, name: words.name,
      said: form.querySelector("[name=outcome]:checked").parentNode.textContent.trim(),
      fields: fields, labels: labels, files: files, problems: null
    };
  }

  function line(tag, text, kind) {
    var made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function link_to(text, url, kind) {
    var made = line("a", text, kind);
    made.href = url;
    return made;
  }

  function button(text, deed) {
    var made = line("button", text, "button-quiet");
    made.type = "button";
    made.addEventListener("click", deed);
    return made;
  }

  /* The day and time that were typed: those at the mission, in the words of the workspace. */
  function typed(fields) {
    var said = Object.fromEntries(fields), patterns = JSON.parse(words.moments);
    var on = said.happened_on.split("-").map(Number), at = (said.happened_time || "").split(":");
    var day = patterns.days[on[1] - 1][on[2] === 1 ? 0 : 1].replace("{year}", on[0]).replace("{number}", on[2]);
    if (!said.happened_time) return day;
    return patterns.moments[Number(at[0])].replace("{day}", day).replace("{minute}", at[1]) + " (" + words.zoneName + ")";
  }

  function entry(one, state) {
    var item = document.createElement("li");
    item.dataset.state = state;
    item.append(line("p", one.name + " · " + one.said + " · " + typed(one.fields), "kept-what"));
    var waits = state === "problem" ? words.problem : state === "signed-out" ? words.signedOut
      : state === "other" ? words.other : words.waits;
    item.append(line("p", waits, "kept-state"));
    (one.problems || []).forEach(function (text) { item.append(line("p", text, "error")); });
    var deeds = line("p", "", "actions");
    if (state === "signed-out") {
      deeds.append(link_to(words.signIn, words.signInUrl, "button-quiet"));
    }
    if (one.recorded) deeds.append(link_to(words.look, one.recorded));
    if (state === "problem") deeds.append(button(words.change, function () { put_back(one); }));
    if (state === "away") deeds.append(button(words.sendNow, function () { send(); }));
    if (state !== "sending") {
      var sure = false;
      var drop = button(words.discard, function () {
        if (!sure) { sure = true; drop.textContent = words.discardSure; return; }
        queue.remove(one.key).then(refresh);
      });
      deeds.append(drop);
    }
    if (deeds.childNodes.length) item.append(deeds);
    return item;
  }

  function draw(entries) {
    var list = box.querySelector("ul");
    list.textContent = "";
    entries.forEach(function (one) { list.append(entry(one.record, one.state)); });
    sent.forEach(function (one) {
      var item = document.createElement("li");
      item.dataset.state = "sent";
      item.append(line("p", one.record.name + " · " + one.record.said, "kept-what"), line("p", words.sent, "kept-state"));
      if (one.after_stop) item.append(line("p", words.afterStop, "error"), line("p", words.afterStopSeen));
      item.append(link_to(words.look, one.url));
      if (one.record.url === form.action) item.append(line("p", "", "actions"));
      if (one.record.url === form.action) item.lastChild.append(button(words.again, function () { window.location.reload(); }));
      list.append(item);
    });
    box.hidden = !list.childNodes.length;
    /* What was sent is not here any more: the page is asked for anew before another visit is written down. */
    var begun = changing || chosen.length || busy || form.querySelector("[name=outcome]:checked:not([value=stopped])");
    if (!begun && sent.some(function (one) { return one.record.url === form.action; })) form.hidden = true;
  }

  /* What lies on the phone, as far as it is known without asking the server. */
  function refresh() {
    return queue.all().then(function (records) {
      draw(records.map(function (one) { return { record: one, state: one.problems ? "problem" : "away" }; }));
      return records;
    });
  }

  var sending = false;
  function send() {
    if (sending) return Promise.resolve([]);
    sending = true;
    return queue.send_all().then(function (done) {
      sending = false;
      done.forEach(function (one) { if (one.state === "sent") sent.push(one); });
      var left = done.filter(function (one) { return one.state !== "sent"; });
      draw(left);
      if (done.length && !left.length) wipe();
      return done;
    }).catch(function () { sending = false; return []; });
  }

  function ask_sync() {
    if (!registered) return;
    registered.then(function (found) {
      if (found && found.sync) found.sync.register("deliver").catch(function () {});
    });
  }

  /* A bundle that came along, and that this page offers no more, has its box and its number again. */
  function bring_back(name, type, value, label) {
    if (form.elements[name]) return;
    var row = document.createElement("div"), field = document.createElement("input"), said = line("label", label || name);
    row.className = type === "checkbox" ? "choice" : "field when-part";
    field.type = type;
    field.value = value;
    field.name = field.id = said.htmlFor = name;
    row.append(type === "checkbox" ? field : said, type === "checkbox" ? said : field);
    companions.append(row);
    companions.hidden = false;
  }

  function bring_all_back(said, labels) {
    Object.keys(said).forEach(function (name) {
      if (name.indexOf("with_") !== 0) return;
      var taken = name.replace("with", "taken");
      bring_back(name, "checkbox", said[name], labels[name]);
      bring_back(taken, "number", said[taken] || "", labels[taken]);
    });
  }

  function put_receipt_back(files) {
    var picked = new DataTransfer();
    files.forEach(function (file) { picked.items.add(new File([file.blob], file.name, { type: file.blob.type })); });
    form.receipt.files = picked.files;
  }

  /* A page that offers or asks for what this one does not, as it is now; there the record comes back by itself. */
  function open_anew(one) {
    window.location.assign(form.action + "?before=1#" + one.key);
  }

  /* What the server did not take comes back into the form, all of it; the record stays until another takes its place. */
  function put_back(one) {
    var said = {};
    var is_anew = location.hash === "#" + one.key;
    var lacks = !is_anew && (one.asked || []).some(function (name) { return !form.elements[name]; });
    /* Of another bundle: it has its own page. */
    if (one.url !== form.action) { window.location.assign(one.url); return; }
    if (lacks) { open_anew(one); return; }
    one.fields.forEach(function (pair) { said[pair[0]] = pair[1]; });
    if (!form.querySelector("[name=outcome][value=" + said.outcome + "]")) { open_anew(one); return; }
    put_receipt_back(one.files.filter(function (file) { return file.field === "receipt"; }));
    chosen = one.files.filter(function (file) { return file.field === "pictures"; });
    show();
    bring_all_back(said, one.labels || {});
    Array.prototype.forEach.call(form.elements, function (field) {
      if (!field.name || field.type === "file" || field.name === "key" || field.name === "csrf_token" || field.name === "offered" || field.name === "left_out") return;
      if (field.type === "checkbox" || field.type === "radio") field.checked = said[field.name] === field.value;
      else if (field.name in said) field.value = said[field.name];
    });
    typed_moment = true;
    changing = one.key;
    form.hidden = false;
    form.scrollIntoView();
  }

  function complain(text) {
    var said = document.getElementById("not-yet");
    said.textContent = text;
    said.hidden = !text;
    if (text) said.focus();
  }

  /* A part is some of the letters: a number that cannot be is said here, before it is kept. */
  function wrong_part() {
    if (form.querySelector("[name=outcome]:checked").value !== "part") return null;
    return Array.prototype.filter.call(form.querySelectorAll("[data-wrong]"), function (field) {
      var left_out = field.dataset.with && !document.getElementById(field.dataset.with).checked;
      var taken = Number(field.value);
      return !left_out && !(taken >= 1 && taken <= Number(field.max) && taken % 1 === 0);
    })[0] || null;
  }

  /* Which print was carried is known at the gate: it is asked before the record is kept. */
  function unsaid_paper() {
    if (form.querySelector("[name=outcome]:checked").value === "stopped") return null;
    return Array.prototype.filter.call(form.querySelectorAll("[name^=paper_]"), function (field) {
      var along = form.elements[field.name.replace("paper", "with")];
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
    form.querySelectorAll(".part-wrong").forEach(function (one) { one.remove(); });
    form.querySelectorAll("[aria-invalid]").forEach(function (one) { one.removeAttribute("aria-invalid"); });
    if (!field) return;
    var said = line("p", text, "error part-wrong");
    said.setAttribute("role", "alert");
    (field.type === "radio" ? field.closest(".choice") : field).before(said);
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (!form.querySelector("[name=outcome]:checked")) { complain(words.sayHow); return; }
    if (busy) { complain(words.wait); return; }
    complain("");
    if (!typed_moment) now();
    var part = wrong_part(), day = wrong_day(), time = day ? "" : wrong_time();
    var wrong = part || (day ? form.happened_on : time ? form.happened_time : null);
    if (!wrong && unsaid_paper()) { point_at(unsaid_paper(), words.paperUnsaid); return; }
    point_at(wrong, part ? part.dataset.wrong : day || time);
    if (wrong) return;
    say_no_picture([]);
    var made = record();
    queue.put(made, changing).then(function () {
      changing = "";
      form.reset();
      chosen = [];
      left_out = [];
      show();
      now();
      draw([{ record: made, state: "sending" }]);
      box.querySelector("h2").focus();
      ask_sync();
      return send();
    }).then(function (done) {
      var mine = done.filter(function (one) { return one.record.key === made.key; })[0];
      if (mine && mine.state === "sent") window.location.assign(mine.url);
    }).catch(function () {
      /* This phone keeps nothing (private window, no room): send it the plain way. */
      form.submit();
    });
  });

  function look_again() {
    if (!document.hidden) ask();
    queue.all().then(function (kept) { if (kept.length) send(); });
  }

  window.addEventListener("online", function () { ask(); send(); });
  window.addEventListener("offline", lose_reach);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) look_again(); });
  setInterval(look_again, 20000);
  setInterval(follow_clock, 5000);
  if (!navigator.onLine) lose_reach();
  ask();
  if (!form.querySelector("[aria-invalid]") && !document.querySelector(".error-summary")) now();
  refresh().then(function (records) {
    records.forEach(function (one) { if (one.problems && location.hash === "#" + one.key) put_back(one); });
    if (records.length) send();
  });
})();
