/* What was recorded at the gate, kept on this phone until it is sent. For the page and its service worker alike.

   A record: key (the server records it once), url, who (public id of the one who wrote it), name, outcome (in
   words), fields ([name, value] …), labels (of boxes and numbers of other bundles, by field), files ({field, name, blob} …), problems
   (sentences of the server, once it refused), recorded (address of a colleague's record that says the same), asked (names
   of fields that it asks for), place (they are sent in the order in
   which they were kept; one from before that has none, and goes first).
   It is removed as soon as the server has it. */
(function (scope) {
  "use strict";

  var STORE = "kept";

  function open() {
    return new Promise(function (resolve, reject) {
      var asked = indexedDB.open("deliveries", 1);
      asked.onupgradeneeded = function () { asked.result.createObjectStore(STORE, { keyPath: "key" }); };
      asked.onsuccess = function () { resolve(asked.result); };
      asked.onerror = function () { reject(asked.error); };
    });
  }

  function work(mode, deed) {
    return open().then(function (base) {
      return new Promise(function (resolve, reject) {
        var step = base.transaction(STORE, mode);
        var asked = deed(step.objectStore(STORE));
        step.oncomplete = function () { base.close(); resolve(asked.result); };
        step.onerror = step.onabort = function () { base.close(); reject(step.error); };
      });
    });
  }

  function place_of(record) { return record.place || 0; }

  /* With a key, the record takes the place of that one: both happen, or neither. */
  function put(record, instead_of) {
    return work("readwrite", function (store) {
      if (instead_of) store.delete(instead_of);
      var kept = store.getAll();
      kept.onsuccess = function () {
        record.place = record.place || 1 + Math.max.apply(null, [0].concat(kept.result.map(place_of)));
        store.put(record);
      };
      return kept;
    });
  }
  function all() {
    return work("readonly", function (store) { return store.getAll(); }).then(function (records) {
      return records.sort(function (earlier, later) { return place_of(earlier) - place_of(later); });
    });
  }
  function remove(key) { return work("readwrite", function (store) { return store.delete(key); }); }

  function form_of(record) {
    var form = new FormData();
    record.fields.forEach(function (pair) { form.append(pair[0], pair[1]); });
    record.files.forEach(function (file) { form.append(file.field, file.blob, file.name); });
    return form;
  }

  function ask(url, options) {
    return fetch(url, Object.assign({ redirect: "manual", cache: "no-store", credentials: "same-origin" }, options));
  }

  function refused(record, problems, recorded, asked) {
    record.problems = problems;
    record.recorded = recorded || "";
    record.asked = asked || [];
    return put(record).then(function () { return { state: "problem", record: record }; });
  }

  function post(record, token) {
    var headers = { "X-CSRFToken": token, Accept: "application/json" };
    return ask(record.url, { method: "POST", body: form_of(record), headers: headers }).then(function (answer) {
      if (answer.type === "opaqueredirect") return { state: "signed-out", record: record };
      if (answer.status === 200) {
        return answer.json().then(function (told) {
          return remove(record.key).then(function () { return { state: "sent", record: record, url: told.url, after_stop: told.after_stop }; });
        });
      }
      if (answer.status === 422) {
        return answer.json().then(function (told) { return refused(record, told.problems, told.recorded, told.asked); });
      }
      if ([403, 404, 409, 413].indexOf(answer.status) >= 0) return refused(record, []);
      return { state: "away", record: record };
    });
  }

  /* Gives what became of it: sent, problem, signed-out, other (a colleague wrote it), away. */
  function send(record) {
    return ask(record.url + "/token", { headers: { Accept: "application/json" } })
      .then(function (answer) {
        if (answer.type === "opaqueredirect" || answer.status === 401) return { state: "signed-out", record: record };
        if (answer.status === 404) return refused(record, []);
        if (!answer.ok) return { state: "away", record: record };
        return answer.json().then(function (told) {
          if (told.who !== record.who) return { state: "other", record: record };
          return post(record, told.token);
        });
      })
      .catch(function () { return { state: "away", record: record }; });
  }

  function send_each() {
    return all().then(function (records) {
      return records.reduce(function (before, record) {
        return before.then(function (done) {
          if (record.problems) return done.concat({ state: "problem", record: record });
          return send(record).then(function (result) { return done.concat(result); });
        });
      }, Promise.resolve([]));
    });
  }

  /* Page and worker take turns; the server would record it once in any case. */
  function send_all() {
    if (scope.navigator.locks) return scope.navigator.locks.request("deliveries", send_each);
    return send_each();
  }

  scope.deliveries = { put: put, all: all, remove: remove, send_all: send_all, ask: ask };
})(self);
