/* Asks the browser for a passkey when a form's button is pressed, and sends what it answers with the form.
   Without this script, or in a browser that knows no passkeys, these forms stay hidden.

   <form data-passkey="get" or "create" data-challenge="address" hidden>, with inputs passkey_proof and passkey_challenge
     data-cancelled, data-known, data-address, data-failed: what <p role="alert" data-passkey-problem> says
   <p data-passkey-missing>: shown otherwise */
(function () {
  "use strict";

  if (!window.PublicKeyCredential || !navigator.credentials) return;
  document.querySelectorAll("[data-passkey-missing]").forEach(function (part) { part.hidden = true; });
  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      // The site says what is missing. A form that goes on carries what was typed, also an empty name.
      var name = form.dataset.passkey === "create" && form.querySelector("[name=name]");
      if (name && !name.value.trim()) return;
      event.preventDefault();
      ask(form);
    });
  });

  function ask(form) {
    var button = form.querySelector("button[type=submit]");
    say(form, "");
    button.disabled = true;
    fetch(form.dataset.challenge, { headers: { Accept: "application/json" } })
      .then(function (response) {
        if (!response.ok) throw new Error();
        return response.json();
      })
      .then(function (asked) {
        var options = read(asked.options);
        return navigator.credentials[form.dataset.passkey]({ publicKey: options })
          .then(function (credential) {
            form.querySelector("[name=passkey_proof]").value = JSON.stringify(write(credential));
            form.querySelector("[name=passkey_challenge]").value = asked.challenge;
            form.submit();
          });
      })
      .catch(function (problem) {
        button.disabled = false;
        say(form, {
          NotAllowedError: form.dataset.cancelled,
          AbortError: form.dataset.cancelled,
          InvalidStateError: form.dataset.known,
          SecurityError: form.dataset.address
        }[problem.name] || form.dataset.failed);
        button.focus();
      });
  }

  function say(form, words) { form.querySelector("[data-passkey-problem]").textContent = words; }

  function read(options) {
    options.challenge = toBytes(options.challenge);
    if (options.user) options.user.id = toBytes(options.user.id);
    (options.allowCredentials || []).concat(options.excludeCredentials || []).forEach(function (known) {
      known.id = toBytes(known.id);
    });
    return options;
  }

  function write(credential) {
    var given = credential.response;
    var response = { clientDataJSON: toText(given.clientDataJSON) };
    if (given.attestationObject) {
      response.attestationObject = toText(given.attestationObject);
      response.transports = given.getTransports ? given.getTransports() : [];
    } else {
      response.authenticatorData = toText(given.authenticatorData);
      response.signature = toText(given.signature);
      if (given.userHandle) response.userHandle = toText(given.userHandle);
    }
    return {
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      response: response
    };
  }

  function toBytes(text) {
    var raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, function (sign) { return sign.charCodeAt(0); });
  }

  function toText(buffer) {
    var raw = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
})();
