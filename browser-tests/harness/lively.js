// A shop that has lived for a while: people who had refused before, unsubscribes of both sides, a problem, a changed
// configuration. For screens that have something to show.

import { until } from "./processes.js";
import { World } from "./world.js";

export const ANNA = "anna.kowalska@example.com";
export const JAN = "jan.nowak@example.com";
export const REJECTED = "zbigniew.wrona@example.com";

export async function livelyWorld(options = {}) {
  const world = await World.start({ customers: 60, subscribers: 40, ...options });
  try {
    await live(world);
  } catch (error) {
    await world.stop();
    throw error;
  }
  return world;
}

async function live(world) {
  const { shop, sare } = world;
  const status = async (email) => (await sare.get(`contacts/${email}`))?.status;
  // SARE knew some of them before, as it is in reality.
  const people = [...(await shop.get("customers")), ...(await shop.get("subscribers"))];
  for (const [number, { email }] of people.entries()) {
    const known = { 3: 4, 7: 6, 11: 8, 15: 3 }[number % 20];
    if (known) await sare.post("contacts", { email, status: known, groups: [1] });
  }
  await sare.post("contacts", { email: people[17].email, status: 7, groups: [1] });
  await world.configure();
  await world.reconfigure((text) => text.replace('prop1 = "address.city"', 'prop1 = "address.city"\nprop2 = "language"'));
  await world.quiet(world.shop, 2);
  await world.watchSare();

  const registered = (email, firstname, lastname, city) =>
    shop.post("customers", { email, firstname, lastname, newsletter: true, address: { city, phone: "601 234 567" } });
  await registered(ANNA, "Anna", "Kowalska", "Gdynia");
  await shop.post("subscribers", { email: JAN, active: true });
  await until("Anna and Jan to be in SARE", async () => (await status(ANNA)) === 8 && (await status(JAN)) === 8);
  await shop.post("unsubscribe", { email: ANNA });
  await sare.post("unsubscribe", { email: JAN });
  await until("Anna and Jan to be unsubscribed", async () => {
    return (await status(ANNA)) === 4 && !(await shop.get(`subscribers/${JAN}`)).active;
  });
  await sare.post("settings", { address_limit: (await sare.get("contacts")).length });
  await registered(REJECTED, "Zbigniew", "Wrona", "Zielona Góra");
  await until("the problem to be noted", async () => (await world.told()).counts.problems > 0);
}
