// The brake: when very many people would stop getting the newsletter at once, nothing is done before a person has said so.

import { test, expect } from "../harness/test.js";
import { braked, WITHDRAWN } from "../harness/brake.js";
import { openInAdmin } from "../harness/panel.js";
import { until } from "../harness/processes.js";
import { counting, say } from "../harness/texts.js";

const words = (key) => say("pl", key);

test.use({ begin: { configured: true, customers: 16, subscribers: 12 } });

const statuses = async (world, people) =>
  Promise.all(people.map(async (email) => (await world.sare.get(`contacts/${email}`)).status));

/** From the overview, which asks for a decision, to the question. */
async function question(page, world) {
  const app = await openInAdmin(page, world);
  await expect(app.getByText(words("standing.braked"), { exact: true })).toBeVisible();
  await app.getByRole("link", { name: words("standing.braked-do"), exact: true }).first().click();
  await expect(app.getByRole("heading", { name: words("brake.title") })).toBeVisible();
  return app;
}

test("the question states numbers and names people, and yes carries it out", async ({ page, world }) => {
  const people = await braked(world);
  const app = await question(page, world);
  const asked = app.locator("#brake");
  await expect(asked).toContainText(counting("pl", "brake.unmailable"));
  await expect(asked, "so many, of so many").toContainText(new RegExp(`${WITHDRAWN} z \\d+ kontaktów`));
  for (const email of people) await expect(asked.getByRole("link", { name: email })).toBeVisible();
  expect(await statuses(world, people), "nothing is done before the answer").toEqual(people.map(() => 8));

  await asked.getByRole("button", { name: words("brake.go") }).click();
  await expect(app.getByText(words("problems-done.go"))).toBeVisible();
  await until("the people to be unsubscribed in SARE", async () => (await statuses(world, people)).every((one) => one === 4));
  const log = await world.sare.get("status_log");
  expect(log.filter((change) => change.to === 4).map((change) => change.email).sort(), "and nobody else").toEqual([...people].sort());
  await expect(async () => {
    await app.locator("body").evaluate(() => window.location.reload());
    await expect(app.locator("#brake")).toHaveCount(0, { timeout: 1_000 });
  }).toPass();
});

test("no leaves everybody as they are, and the work of the day goes on", async ({ page, world }) => {
  const people = await braked(world);
  const app = await question(page, world);
  await app.locator("#brake").getByRole("button", { name: words("brake.stop") }).click();
  await expect(app.getByText(words("problems-done.stop"))).toBeVisible();
  await expect(app.locator("#brake")).toHaveCount(0);
  await world.shop.post("webhook_faults", { drop: 0 });
  await world.shop.post("customers", { email: "nowa@example.com", newsletter: true });
  await until("a new customer to arrive", async () => (await world.sare.get("contacts/nowa@example.com"))?.status === 8);
  expect(await statuses(world, people)).toEqual(people.map(() => 8));
});
