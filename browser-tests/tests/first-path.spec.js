// The first time: from the administration's page to a shop that is at work, by somebody who has never seen the app.

import { domainToASCII } from "node:url";

import { test, expect } from "../harness/test.js";
import { frameOf, openInAdmin } from "../harness/panel.js";
import { Path } from "../harness/steps.js";
import { say } from "../harness/texts.js";
import { wordsInSight } from "../harness/words.js";

/** An address as it is sent: its domain in ASCII. */
const sent = (email) => {
  const [name, domain] = email.toLowerCase().split("@");
  return `${name}@${domainToASCII(domain)}`;
};

/** Seconds a person takes for one act, reading included. */
const SECONDS_AN_ACT = 8;
/** What a newcomer may be asked to do and to read on the way to the first synchronisation, trials aside. */
const MOST_CLICKS = 6;
const MOST_WORDS = 700;

/** The words of the page that is shown, once everything fetched afterwards is there. */
async function wordsOf(page, app) {
  await expect(app.locator("[data-busy], [data-once] [role=status]")).toHaveCount(0);
  // A row of the mapping without what the shop has for it is not whole yet.
  await expect(app.locator("#rows .preview-values:not(:has(.values))")).toHaveCount(0);
  return (await wordsInSight(await frameOf(page))).length;
}

for (const language of ["pl", "en"]) {
  test(`a shop is connected, mapped and synchronising within three minutes (${language})`, async ({ page, world }) => {
    const done = { click: 0, type: 0 };
    const words = {};
    const read = async (name) => (words[name] = await wordsOf(page, app));
    const begun = Date.now();
    const app = await openInAdmin(page, world, { lang: language });
    const path = new Path(app, world, language, (kind) => (done[kind] += 1));

    // The two doors of the first screen, as they are called.
    await expect(app.getByRole("link", { name: say(language, "start.configure") })).toBeVisible();
    const register = app.getByRole("link", { name: say(language, "start.register") });
    await expect(register).toHaveAttribute("href", "https://sare.example/register");
    await expect(register).toHaveAttribute("target", "_blank");

    await read("start");
    await path.start();
    await path.title("connect.title");
    await read("connect");
    await path.connect();
    // The mapping is suggested; nothing has been sent.
    await expect(app.locator("#rows > li").first()).toBeVisible();
    expect(await app.locator("#rows > li").count()).toBeGreaterThan(1);
    expect(await world.sare.get("contacts")).toEqual([]);
    await read("customers");
    await path.customers();
    await path.title("mapping.subscribers");
    await read("subscribers");
    await path.skipSubscribers();
    await path.title("launch.title");
    await read("launch");
    // And the one that begins.
    expect(done.click + 1, "clicks to the first synchronisation").toBeLessThanOrEqual(MOST_CLICKS);
    const all = Object.values(words).reduce((sum, n) => sum + n, 0);
    console.log(`${language}: ${all} words to read: ${JSON.stringify(words)}; ${done.click + 1} clicks`);
    expect(all, `words to read: ${JSON.stringify(words)}`).toBeLessThanOrEqual(MOST_WORDS);

    await path.look();
    expect(await world.sare.get("contacts"), "a preview sends nothing").toEqual([]);
    await path.ten();
    const ten = await world.sare.get("contacts");
    expect(ten.length, "ten and no more").toBe(10);
    await path.begin();
    await expect(app.getByText(say(language, "standing.current"))).toBeVisible({ timeout: 60_000 });

    const acts = done.click + done.type;
    const seconds = (Date.now() - begun) / 1000;
    expect(seconds + acts * SECONDS_AN_ACT, `${acts} acts, ${seconds} s of the machine`).toBeLessThan(180);
    const customers = await world.shop.get("customers");
    const contacts = await world.sare.get("contacts");
    const known = new Set(contacts.map((contact) => sent(contact.email)));
    for (const { email, registered } of customers) {
      if (registered) expect(known.has(sent(email)), "every customer is in SARE").toBe(true);
    }
    // Nobody is mailed who did not consent in the shop.
    const subscribers = await world.shop.get("subscribers");
    const consenting = new Set(
      [...customers.filter((one) => one.newsletter), ...subscribers.filter((one) => one.active)].map((one) => sent(one.email)),
    );
    for (const email of await world.sare.get("mailable")) expect(consenting.has(sent(email))).toBe(true);
  });
}

test("a key just pasted can be looked at, and is hidden until then", async ({ page, world }) => {
  const app = await openInAdmin(page, world);
  const path = new Path(app, world);
  await path.start();
  await path.title("connect.title");
  const key = app.getByLabel(say("pl", "connect.key"));
  await key.fill("11111111-2222-3333-4444-555555555555");
  await expect(key).toHaveAttribute("type", "password");
  const show = app.getByRole("button", { name: say("pl", "connect.show-key") });
  await show.click();
  await expect(key).toHaveAttribute("type", "text");
  await expect(show).toHaveAttribute("aria-pressed", "true");
  await show.click();
  await expect(key).toHaveAttribute("type", "password");
});

test.describe("with the keyboard alone", () => {
  /** Presses Tab until `wanted` has the focus; every stop on the way is visible. */
  async function tabTo(page, wanted) {
    await expect(wanted).toBeVisible();
    for (let i = 0; i < 150; i += 1) {
      if (await wanted.evaluate((one) => one === one.ownerDocument.activeElement)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error("the keyboard does not get there");
  }

  test("the whole first path can be gone", async ({ page, world }) => {
    const app = await openInAdmin(page, world);
    const words = (key) => say("pl", key);
    const button = (key) => app.locator("main").getByRole("button", { name: words(key), exact: true }).first();
    const link = (key) => app.locator("main").getByRole("link", { name: words(key), exact: true }).first();
    const path = new Path(app, world);

    await tabTo(page, link("start.configure"));
    await page.keyboard.press("Enter");
    await path.title("connect.title");
    await tabTo(page, app.getByLabel(words("connect.uid")));
    await page.keyboard.type(world.sare.facts.uid);
    await tabTo(page, app.getByLabel(words("connect.key")));
    await page.keyboard.type(world.sare.facts.api_key);
    await page.keyboard.press("Enter");

    await path.title("mapping.customers");
    const enabled = app.getByLabel(words("mapping.enabled-customers"));
    await tabTo(page, enabled);
    if (!(await enabled.isChecked())) await page.keyboard.press("Space");
    await expect(enabled).toBeChecked();
    const group = app.getByLabel(words("mapping.group"), { exact: true });
    await tabTo(page, group);
    await page.keyboard.press("ArrowDown");
    await expect(group).not.toHaveValue("");
    await tabTo(page, button("common.save"));
    await page.keyboard.press("Enter");

    await path.title("mapping.subscribers");
    await tabTo(page, link("mapping.skip-subscribers"));
    await page.keyboard.press("Enter");

    await path.title("launch.title");
    await tabTo(page, button("launch.look-do"));
    await page.keyboard.press("Enter");
    await expect(button("launch.look-again")).toBeVisible({ timeout: 60_000 });
    await tabTo(page, link("launch.try-do"));
    await page.keyboard.press("Enter");
    await path.title("launch.trial-title");
    await tabTo(page, button("launch.trial-send"));
    await page.keyboard.press("Space");
    await path.title("launch.arrived-title");
    await tabTo(page, button("launch.begin"));
    await page.keyboard.press("Enter");
    await expect(app.getByText(words("standing.current"))).toBeVisible({ timeout: 60_000 });
  });

  test("the content is one press away, past the menu", async ({ page, synced }) => {
    const app = await openInAdmin(page, synced);
    await tabTo(page, app.getByRole("link", { name: say("pl", "common.skip") }));
    await page.keyboard.press("Enter");
    await expect(app.locator("main")).toBeFocused();
  });
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a shop is connected and mapped, and its overview is told", async ({ page, world }) => {
    await page.goto(await world.panel());
    const path = new Path(page, world);
    await path.start();
    await path.title("connect.title");
    await expect(page.getByText(say("pl", "connect.show-key")), "no button that only a script can serve").toBeHidden();
    await path.connect();
    await path.customers();
    await path.skipSubscribers();
    await path.title("launch.title");
    await path.begin();
    // The page looks again by itself; here it is asked at once.
    await expect(async () => {
      await page.reload();
      await expect(page.getByText(say("pl", "standing.current"))).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 60_000 });
  });
});
