/* Opens the page at the gate without reach, and sends what it kept once there is some. Its scope is that one page;
   deliver-queue.js stands before it. Kept are the page itself (no supporter is on it) and its style, scripts and
   fonts, until everything is sent. */
(function () {
  "use strict";

  var PAGE = new URL(self.registration.scope).pathname;
  var CACHE = "deliver:" + PAGE;
  var PATIENCE = 4000; /* ms for the network, where there is a page to show instead */

  self.addEventListener("install", function () { self.skipWaiting(); });
  self.addEventListener("activate", function (event) { event.waitUntil(self.clients.claim()); });

  function keep(request, answer) {
    if (!answer.ok || answer.redirected || answer.type !== "basic") return Promise.resolve();
    var copy = answer.clone();
    return caches.open(CACHE).then(function (cache) { return cache.put(request, copy); });
  }

  function kept(request) {
    return caches.open(CACHE).then(function (cache) { return cache.match(request, { ignoreVary: true }); });
  }

  function page(request) {
    var asked = fetch(request).then(function (answer) {
      return keep(PAGE, answer).then(function () { return answer; });
    });
    asked.catch(function () {});
    return kept(PAGE).then(function (copy) {
      if (!copy) return asked;
      var late = new Promise(function (resolve) { setTimeout(function () { resolve(copy.clone()); }, PATIENCE); });
      return Promise.race([asked.catch(function () { return copy; }), late]);
    });
  }

  function part(request) {
    return kept(request).then(function (answer) { return answer || fetch(request); });
  }

  self.addEventListener("fetch", function (event) {
    var request = event.request;
    var url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== self.location.origin) return;
    if (request.mode === "navigate") {
      if (url.pathname === PAGE && !url.search) event.respondWith(page(request));
    } else if (url.pathname.indexOf("/static/") === 0 || url.pathname === "/brand.css") {
      event.respondWith(part(request));
    }
  });

  /* In turn: what is still being kept would otherwise come after it was forgotten. */
  var turn = Promise.resolve();
  function take_turn(event, deed) {
    turn = turn.then(deed).catch(function () {});
    event.waitUntil(turn);
  }

  self.addEventListener("message", function (event) {
    if (event.data.keep) {
      /* Told is whether all of it is here: what did not come now may be here from before. */
      take_turn(event, function () {
        return Promise.all(event.data.keep.concat(PAGE).map(function (url) {
          return fetch(url, { credentials: "same-origin" }).then(function (answer) { return keep(url, answer); })
            .catch(function () {}).then(function () { return kept(url); });
        })).then(function (copies) { if (event.ports[0]) event.ports[0].postMessage(copies.every(Boolean)); });
      });
    }
    if (event.data.forget) take_turn(event, function () { return caches.delete(CACHE); });
  });

  self.addEventListener("sync", function (event) {
    if (event.tag !== "deliver") return;
    event.waitUntil(self.deliveries.send_all().then(function (done) {
      return self.clients.matchAll().then(function (pages) {
        var told = done.map(function (each) {
          var record = { key: each.record.key, url: each.record.url, name: each.record.name, outcome: each.record.outcome || each.record.said };
          return { state: each.state, url: each.url, after_stop: each.after_stop, record: record };
        });
        pages.forEach(function (page) { page.postMessage({ done: told }); });
        /* Rejecting lets the browser try again later. */
        if (done.some(function (each) { return each.state === "away"; })) throw new Error("away");
      });
    }));
  });
})();
