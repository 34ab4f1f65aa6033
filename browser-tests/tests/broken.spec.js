// Whatever is broken is said in words: what it means, and that nothing is lost.

import { test, expect } from "../harness/test.js";
import { openAlone } from "../harness/panel.js";
import { say, saying } from "../harness/texts.js";
import { until } from "../harness/processes.js";

const words = (key) => say("pl", key);

test.use({ begin: { configured: true, customers: 6, subscribers: 4 } });

/** The overview says so within a while. */
async function expectStanding(page, key) {
  await expect(async () => {
    await page.reload();
    await expect(page.locator(".notice").getByText(words(key), { exact: true })).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 60_000 });
}

test("while SARE is away changes wait, and are sent when it is back", async ({ page, world }) => {
  await world.sare.fail({ status: 503 });
  await world.shop.post("customers", { email: "czeka@example.com", newsletter: true });
  await openAlone(page, world);
  await expectStanding(page, "standing.sare-away");
  await expect(page.locator("main")).toContainText(/W kolejce czeka/);
  await world.sare.heal();
  // The next try is planned; a person may ask for it sooner.
  await until("the change to arrive", async () => (await world.sare.get("contacts/czeka@example.com"))?.status === 8, 110_000);
  await expectStanding(page, "standing.current");
});

test("a shop that refuses access says what to do", async ({ page, world }) => {
  await world.loseAccess();
  await world.shop.post("customers", { email: "czeka@example.com", newsletter: true });
  await openAlone(page, world);
  await expectStanding(page, "standing.lost");
  // What comes from the shop meanwhile is kept, and is no proof that it lets us in.
  await world.shop.post("customers", { email: "tez-czeka@example.com", newsletter: true });
  await until("the second change to be kept", async () => (await world.told()).counts.waiting > 1);
  await expectStanding(page, "standing.lost");
  // Installed again, it goes on where it stopped.
  await world.message(world.shop, "install");
  await until("the change to arrive", async () => (await world.sare.get("contacts/czeka@example.com"))?.status === 8);
});

test("a key that SARE refuses leads to the page that mends it", async ({ page, world }) => {
  await world.sare.post("settings", { api_key: "11111111-2222-3333-4444-555555555555" });
  await world.shop.post("customers", { email: "czeka@example.com", newsletter: true });
  await openAlone(page, world);
  await expectStanding(page, "standing.key");
  await page.getByRole("link", { name: words("standing.key-do"), exact: true }).first().click();
  await page.getByLabel(words("connect.uid")).fill(world.sare.facts.uid);
  await page.getByLabel(words("connect.key")).fill("11111111-2222-3333-4444-555555555555");
  await page.getByRole("button", { name: words("connect.check") }).click();
  await until("the change to arrive", async () => (await world.sare.get("contacts/czeka@example.com"))?.status === 8);
});

test("a pause is told, keeps what happens, and ends with a press", async ({ page, world }) => {
  await openAlone(page, world);
  await page.getByRole("button", { name: words("overview.pause") }).click();
  await expect(page.getByText(words("standing.paused"))).toBeVisible();
  await world.shop.post("customers", { email: "czeka@example.com", newsletter: true });
  await until("the change to be kept", async () => (await world.told()).counts.waiting > 0);
  expect(await world.sare.get("contacts/czeka@example.com")).toBe(null);
  await page.getByRole("button", { name: words("overview.resume") }).click();
  await until("the change to arrive", async () => (await world.sare.get("contacts/czeka@example.com"))?.status === 8);
  await expectStanding(page, "standing.current");
});

test("a subscription that has ended is told, and loses nothing", async ({ page, world }) => {
  await world.message(world.shop, "billing_subscription", { end: Date.now() - 3 * 86_400_000 });
  await openAlone(page, world);
  await expect(page.getByText(saying("pl", "standing.ended"))).toBeVisible();
  await expect(page.getByText(words("standing.ended-text"))).toBeVisible();
  await world.shop.post("unsubscribe", { email: (await world.sare.get("mailable"))[0] });
  await until("a refusal to be carried all the same", async () => (await world.sare.get("status_log")).some((one) => one.to === 4));
  // Paid again, the notice goes.
  await world.message(world.shop, "billing_subscription", { end: Date.now() + 30 * 86_400_000 });
  await page.reload();
  await expect(page.getByText(saying("pl", "standing.ended"))).toHaveCount(0);
});

test("a shop that is shut is waited for, and its changes are sent when it opens again", async ({ page, world }) => {
  await world.shop.post("lock", { locked: true });
  await world.shop.post("customers", { email: "czeka@example.com", newsletter: true });
  await openAlone(page, world);
  await expectStanding(page, "standing.shop-away");
  await world.shop.post("lock", { locked: false });
  await until("the change to arrive", async () => (await world.sare.get("contacts/czeka@example.com"))?.status === 8, 110_000);
});
