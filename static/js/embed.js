/* On a partner's page: shows the form in a frame where a link to a case stands, in the language of
   the page, as high as it is. Until the frame answers, and where scripts are off, the link stays.

   <a href="https://…/en/actions/case?from=partner.example" data-letter-frame>words</a>
   <script src="https://…/embed.js" async></script>
   data-lang="fr" on the link: in that language, whatever the page's is. */
(() => {
  "use strict";
  const languages = "$languages".split(" ");
  const ours = new URL(document.currentScript.src).origin;

  function choose(asked, other) {
    const [whole, short] = [asked.toLowerCase(), asked.toLowerCase().split("-")[0]];
    const has = (tag) => languages.find((language) => language.toLowerCase() === tag);
    return has(whole) || has(short) || other;
  }

  document.querySelectorAll("a[data-letter-frame]").forEach((link) => {
    const [, own, ...path] = new URL(link.href).pathname.split("/");
    if (new URL(link.href).origin !== ours || !languages.includes(own)) return;
    const page = link.closest("[lang]");
    const language = choose(link.dataset.lang || (page && page.lang) || "", own);
    const frame = document.createElement("iframe");
    frame.src = `${ours}/${[language, ...path].join("/")}/embed${new URL(link.href).search}`;
    frame.title = link.textContent;
    frame.style.cssText = "display:block;border:0;width:100%;height:0";
    frame.addEventListener("load", () => {
      frame.contentWindow.postMessage({ message: "ready" }, ours);
    });
    addEventListener("message", (event) => {
      if (event.origin !== ours || event.source !== frame.contentWindow) return;
      const { message, value } = event.data || {};
      if (message !== "height" || !(value > 0)) return;
      frame.style.height = `${Math.min(Math.ceil(value), 5000)}px`;
      link.style.display = "none";
    });
    link.removeAttribute("data-letter-frame");
    link.before(frame);
  });
})();
