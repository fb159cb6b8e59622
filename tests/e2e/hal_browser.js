// Shows addresses with npm's hal-browser: node hal_browser.js TOKEN ADDRESS…
const { Application } = require("@curveball/core");
const halBrowser = require("hal-browser").default;

(async () => {
  const [token, ...addresses] = process.argv.slice(2);
  const app = new Application();
  app.use(halBrowser());
  app.use(async (context) => {
    const address = addresses[Number(context.path.slice(1))];
    const answer = await fetch(address, { headers: { "OSDI-API-Token": token } });
    context.response.status = answer.status;
    context.response.type = answer.headers.get("Content-Type");
    context.response.body = await answer.json();
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const pages = [];
  for (const place of addresses.keys()) {
    const page = `http://127.0.0.1:${server.address().port}/${place}`;
    pages.push(await (await fetch(page, { headers: { Accept: "text/html" } })).text());
  }
  console.log(JSON.stringify(pages));
  server.close();
})();
