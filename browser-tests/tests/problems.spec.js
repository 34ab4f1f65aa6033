// What needs attention: refusals that the shop does not know of, and contacts that SARE would not take, one by one and all
// of a cause together.

import { test, expect } from "../harness/test.js";
import { openInAdmin } from "../harness/panel.js";
import { until } from "../harness/processes.js";
import { counting, say } from "../harness/texts.js";

const words = (key) => say("pl", key);
const status = async (world, email) => (await world.sare.get(`contacts/${email}`))?.status;

async function openProblems(page, world) {
  const app = await openInAdmin(page, world);
  await app.getByRole("link", { name: words("menu.problems"), exact: true }).click();
  await expect(app.getByRole("heading", { level: 1, name: words("problems.title") })).toBeVisible();
  return app;
}

/** Loads the page again until `seen` holds. */
async function againUntil(app, seen) {
  await expect(async () => {
    await app.locator("body").evaluate(() => window.location.reload());
    await expect(app.locator("main")).toBeVisible();
    await seen({ timeout: 1_000 });
  }).toPass();
}

test.describe("people who had refused in SARE before the shop was connected", () => {
  test.use({ begin: { customers: 0, subscribers: 0 } });
  const SUBSCRIBERS = ["ewa@example.com", "olga@example.com", "piotr@example.com"];
  const CUSTOMER = "karol@example.com";

  test("are told apart by what can be done, and their refusal is applied to the shop, for one and for all", async ({ page, world }) => {
    for (const email of SUBSCRIBERS) await world.shop.post("subscribers", { email, active: true });
    await world.shop.post("customers", { email: CUSTOMER, newsletter: true });
    for (const email of [...SUBSCRIBERS, CUSTOMER]) await world.sare.post("contacts", { email, status: 4, groups: [] });
    await world.configure();
    const active = async (email) => (await world.shop.get(`subscribers/${email}`)).active;

    const app = await openProblems(page, world);
    const section = app.locator("#disputed");
    await expect(section.getByRole("heading")).toHaveText(counting("pl", "disputed.title"));
    const row = (email) => section.getByRole("row", { name: new RegExp(email.replace(".", "\\.")) });
    for (const email of SUBSCRIBERS) {
      await expect(row(email).getByRole("button", { name: words("disputed.apply"), exact: true })).toBeVisible();
      expect(await active(email), "nothing is written by itself").toBe(true);
    }
    await expect(row(CUSTOMER)).toContainText(words("disputed.cannot"));
    await expect(row(CUSTOMER).getByRole("button")).toHaveCount(0);

    await row(SUBSCRIBERS[0]).getByRole("button", { name: words("disputed.apply"), exact: true }).click();
    await expect(app.getByText(words("problems-done.apply"))).toBeVisible();
    await until("the one to be switched off in the shop", async () => !(await active(SUBSCRIBERS[0])));
    expect([await active(SUBSCRIBERS[1]), await active(SUBSCRIBERS[2])]).toEqual([true, true]);
    await againUntil(app, (wait) => expect(row(SUBSCRIBERS[0])).toHaveCount(0, wait));

    await section.getByRole("button", { name: words("disputed.apply-all"), exact: true }).click();
    await until("all to be switched off in the shop", async () => !(await active(SUBSCRIBERS[1])) && !(await active(SUBSCRIBERS[2])));
    // A customer's own consent cannot be written: it stays, and so does the line that says so.
    await againUntil(app, (wait) => expect(section.getByRole("row")).toHaveCount(2, wait));
    await expect(row(CUSTOMER)).toContainText(words("disputed.cannot"));
    for (const email of [...SUBSCRIBERS, CUSTOMER]) expect(await status(world, email)).toBe(4);
  });
});

test.describe("contacts that SARE does not take", () => {
  test.use({ begin: { configured: true, customers: 4, subscribers: 2 } });
  const PEOPLE = ["ala@example.com", "beata@example.com", "celina@example.com"];
  /** SARE takes cities of so many letters from now on. */
  const cities = async (world, max_length) => {
    const { props } = await world.sare.get("settings");
    const others = props.filter((prop) => prop.id !== "prop1");
    await world.sare.post("settings", { props: [...others, { id: "prop1", name: "C1", kind: { type: "text", max_length } }] });
  };

  test("are tried again one by one, and all of a cause at once", async ({ page, world }) => {
    await cities(world, 20);
    for (const [n, email] of PEOPLE.entries()) {
      const city = "Ł".repeat(n === 1 ? 25 : 40);
      await world.shop.post("customers", { email, newsletter: true, address: { city } });
    }
    await until("the problems to be noted", async () => (await world.told()).counts.problems === PEOPLE.length);

    const app = await openProblems(page, world);
    const row = (email) => app.getByRole("row", { name: new RegExp(email.replace(".", "\\.")) });
    for (const email of PEOPLE) await expect(row(email)).toBeVisible();
    await cities(world, 30);
    await row(PEOPLE[1]).getByRole("button", { name: words("problems.retry"), exact: true }).click();
    await expect(app.getByText(words("problems-done.retry"))).toBeVisible();
    await until("the one to be in SARE", async () => (await status(world, PEOPLE[1])) === 8);
    await againUntil(app, (wait) => expect(row(PEOPLE[1])).toHaveCount(0, wait));
    for (const email of [PEOPLE[0], PEOPLE[2]]) await expect(row(email)).toBeVisible();

    await cities(world, 50);
    await app.getByRole("button", { name: words("problems.retry-group"), exact: true }).click();
    await until("the others to be in SARE", async () => (await status(world, PEOPLE[0])) === 8 && (await status(world, PEOPLE[2])) === 8);
    await againUntil(app, (wait) => expect(app.getByText(words("problems.none"))).toBeVisible(wait));
  });
});
