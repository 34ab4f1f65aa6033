// The session over HTTPS, within a frame of another site, in a browser that blocks cookies of third parties: tied to a
// cookie of its own partition where the browser keeps one, carried by the page's address alone where it does not.

import { test, expect } from "../harness/test.js";
import { frameOf, openInAdmin, session } from "../harness/panel.js";
import { say } from "../harness/texts.js";

const words = (key) => say("pl", key);
const NAME = "__Host-panel";

test.use({ ignoreHTTPSErrors: true, expected: /status of 401|stylesheet .* violates/ });

/** Through the menu, and through a form that changes something. */
async function work(app, world) {
  await app.getByRole("link", { name: words("menu.contacts"), exact: true }).click();
  await expect(app.getByRole("link", { name: words("menu.contacts"), exact: true })).toHaveAttribute("aria-current", "page");
  await app.getByRole("link", { name: words("menu.overview"), exact: true }).click();
  await app.getByRole("button", { name: words("overview.pause") }).click();
  await expect(app.getByText(words("standing.paused"), { exact: true })).toBeVisible();
  expect((await world.told()).paused).toBe(true);
}

/** Asks for a page as somebody who got hold of its address and has no cookies. */
async function stranger(playwright, address) {
  const alone = await playwright.request.newContext({ ignoreHTTPSErrors: true });
  const answer = await alone.get(address, { maxRedirects: 0 });
  await alone.dispose();
  return answer.status();
}

test.describe("a browser that keeps cookies by partition", () => {
  test.use({ begin: { https: true, configured: true, customers: 4, subscribers: 2 } });

  test("keeps the session's for the shop's site alone, and nobody gets in by the address", async ({ page, world, context, playwright }) => {
    const answers = [];
    page.on("response", (answer) => answers.push(answer));
    const app = await openInAdmin(page, world);
    const entry = answers.find((answer) => new URL(answer.url()).pathname === "/panel" && answer.status() === 303);
    const set = await entry.headerValue("set-cookie");
    expect(set).toMatch(new RegExp(`^${NAME}=[0-9a-f]{64}; `));
    for (const part of ["Path=/", "HttpOnly", "SameSite=None", "Secure", "Partitioned"]) {
      expect(set.split("; "), "what the cookie asks for").toContain(part);
    }
    const kept = (await context.cookies(world.seen)).filter((cookie) => cookie.name === NAME);
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatchObject({ httpOnly: true, secure: true, sameSite: "None", path: "/" });
    expect(kept[0].partitionKey, "the partition of the site that frames us").toBe("http://localhost");

    await work(app, world);
    const address = (await frameOf(page)).url();
    expect(address).toMatch(/^https:/);
    expect(await stranger(playwright, address)).toBe(401);
    // The same browser, with us as the site itself: another partition.
    const alone = await context.newPage();
    expect((await alone.goto(`${session(address)}help`)).status()).toBe(401);
  });
});

test.describe("a browser that keeps none", () => {
  test.use({ begin: { https: true, keepsCookies: false, configured: true, customers: 4, subscribers: 2 } });

  test("works all the same, by the address of the session", async ({ page, world, context }) => {
    const app = await openInAdmin(page, world);
    await work(app, world);
    expect(await context.cookies(world.seen)).toEqual([]);
    // What the address carries goes nowhere: neither to other sites nor into a shop's page.
    const frame = await frameOf(page);
    const head = await page.request.get(`${session(frame.url())}help`);
    expect(head.headers()["referrer-policy"]).toBe("strict-origin");
    expect(await page.evaluate(() => document.getElementById("app").src)).not.toContain("/panel/s/");
  });
});
