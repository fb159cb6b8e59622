// Reads everybody with npm's osdi-client, page by page: node osdi_client.js ENTRY_POINT TOKEN
const osdi = require("osdi-client");

(async () => {
  const [entryPoint, token] = process.argv.slice(2);
  // Given an address, the client wants https; given what is there, it asks for nothing else.
  const client = await osdi.client(await (await fetch(entryPoint)).json());
  const people = [];
  let page = client.parse(await client.getPeople().set("OSDI-API-Token", token));
  for (;;) {
    people.push(...page.people.map((person) => person.data.emailAddresses[0].address));
    if (!page.nextPage) break;
    page = client.parse(await page.nextPage().set("OSDI-API-Token", token));
  }
  const actions = client.parse(
    await client.getPetitions({ query: { per_page: 1 } }).set("OSDI-API-Token", token)
  );
  const petitions = actions.petitions.map((petition) => petition.data.name);
  console.log(JSON.stringify({ people, petitions, version: client.osdiVersion }));
})();
