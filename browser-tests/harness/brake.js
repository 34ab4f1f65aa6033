// A shop in which many people withdraw at once without the app hearing of it: what a full synchronisation then finds is
// stopped by the brake, which asks.

import { until } from "./processes.js";

/** How many withdraw; more than the brake of the shop lets pass. */
export const WITHDRAWN = 6;

/** Brings the shop to the brake's question; the addresses it is about, each of one record. */
export async function braked(world) {
  await world.reconfigure((text) => text.replace("at_least = 20", "at_least = 2"));
  // The changed configuration is looked at once.
  await world.quiet(world.shop, 2);
  const emails = async (kind) => (await world.shop.get(kind)).map((one) => one.email.toLowerCase());
  const [customers, subscribers] = [await emails("customers"), await emails("subscribers")];
  const alone = (email) => customers.includes(email.toLowerCase()) !== subscribers.includes(email.toLowerCase());
  const people = (await world.sare.get("mailable")).filter(alone).slice(0, WITHDRAWN);
  await world.shop.post("webhook_faults", { drop: 1 });
  for (const email of people) await world.shop.post("unsubscribe", { email });
  await world.operator(world.shop, "/sync", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  await until("the brake to ask", async () => (await world.operator(world.shop, "/runs")).some((run) => run.state === "braked"));
  return people;
}
