/* In the frame on a partner's page: tells the page how high it is, by the messages of WordPress
   (`height`, `link`), which our embed.js understands as well. Only sites that the case names hear
   it: `data-hosts`. WordPress shows frames of sites that it does not know in a sandbox, where
   nothing can be sent or opened: then what is pressed is handed to the page, which opens it. */
(() => {
  "use strict";
  const hosts = document.currentScript.dataset.hosts.split(" ");
  const secret = (/^#\?secret=([A-Za-z0-9]+)$/.exec(location.hash) || [])[1];
  let reader = secret ? "*" : "";

  function tell(message, value) {
    if (reader) parent.postMessage({ message, value, secret }, reader);
  }

  function tellHeight() {
    tell("height", Math.ceil(document.documentElement.getBoundingClientRect().height));
  }

  addEventListener("message", (event) => {
    if (event.source !== parent || !hosts.includes(event.origin)) return;
    if (!event.data || event.data.message !== "ready") return;
    reader = event.origin;
    tellHeight();
  });
  new ResizeObserver(tellHeight).observe(document.body);

  if (self.origin === "null") {
    document.querySelectorAll(".letter-field").forEach((field) => field.remove());
    document.addEventListener("click", (event) => {
      const pressed = event.target.closest("a, button");
      if (!pressed) return;
      event.preventDefault();
      tell("link", pressed.href || pressed.form.action);
    });
  }
})();
