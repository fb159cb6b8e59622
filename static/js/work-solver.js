/* Finds the counter whose derived key begins as the challenge says (ALTCHA, PBKDF2). */
"use strict";
function bytes(hex) {
  return Uint8Array.from(hex.match(/../g), function (pair) { return parseInt(pair, 16); });
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), function (byte) {
    return byte.toString(16).padStart(2, "0");
  }).join("");
}

self.onmessage = async function (event) {
  var asked = event.data.parameters;
  var hash = asked.algorithm.split("/")[1];
  var way = { name: "PBKDF2", hash: hash, salt: bytes(asked.salt), iterations: asked.cost };
  var nonce = bytes(asked.nonce);
  var password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  var view = new DataView(password.buffer);
  for (var counter = 0; ; counter++) {
    view.setUint32(nonce.length, counter);
    var key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    var derived = hex(await crypto.subtle.deriveBits(way, key, asked.keyLength * 8));
    if (derived.startsWith(asked.keyPrefix)) {
      var solution = { counter: counter, derivedKey: derived };
      self.postMessage(btoa(JSON.stringify({ challenge: event.data, solution: solution })));
      return;
    }
  }
};
