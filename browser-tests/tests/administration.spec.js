// The panel inside the shop's administration: shown, fitted, framed by its own shop alone, and open to nobody else.

import { createServer } from "node:http";
import { test, expect } from "../harness/test.js";
import { frameOf, openAlone, openInAdmin, session } from "../harness/panel.js";
import { say } from "../harness/texts.js";

/** A page of some other site that frames `address`. */
async function foreignPage(address) {
  const server = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end(`<!DOCTYPE html><title>Elsewhere</title><iframe id="app" src="${address.replaceAll("&", "&amp;")}"></iframe>`);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://localhost:${server.address().port}/`, stop: () => new Promise((done) => server.close(done)) };
}

/** The browser refuses to show `address` within another site's page. */
async function expectRefused(page, address) {
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  const elsewhere = await foreignPage(address);
  await page.goto(elsewhere.url);
  await expect.poll(() => said.some((text) => text.includes("frame-ancestors"))).toBe(true);
  await expect(page.frameLocator("#app").locator("main")).toHaveCount(0);
  await elsewhere.stop();
}

test.describe("in the frame", () => {
  test("the shop's script shows the frame, dresses it and fits its height", async ({ page, synced }) => {
    const app = await openInAdmin(page, synced, { show_after: 600000 });
    await expect.poll(() => page.evaluate(() => window.asked)).toContain("adjustIframeSize");
    expect(await page.evaluate(() => window.asked.slice(0, 2))).toEqual(["init", "show"]);
    // The administration's newer look stands before ours.
    const sheets = await app.locator("link[rel=stylesheet]").evaluateAll((all) => all.map((one) => one.href));
    expect(sheets[0]).toBe(`${synced.shop.url}/_sim/admin/new-styles.css`);
    expect(sheets.at(-1)).toMatch(/\/panel\/assets\/panel\.[0-9a-f]+\.css$/);
    // Nothing is cut off and nothing scrolls inside.
    const frame = await frameOf(page);
    await expect
      .poll(() => frame.evaluate(() => document.documentElement.scrollHeight - window.innerHeight))
      .toBeLessThanOrEqual(1);
    // The next page is shown and fitted as well.
    await app.getByRole("link", { name: "Pomoc" }).click();
    await expect(app.getByRole("heading", { level: 1 })).toBeVisible();
    await expect
      .poll(async () => {
        const now = await frameOf(page);
        return now.evaluate(() => document.documentElement.scrollHeight - window.innerHeight);
      })
      .toBeLessThanOrEqual(1);
  });

  test("the bar that saves stays in sight while the administration scrolls", async ({ page, synced }) => {
    const app = await openInAdmin(page, synced, { show_after: 600000 });
    await app.getByRole("link", { name: say("pl", "menu.customers"), exact: true }).click();
    const save = app.locator("section.save");
    await expect(save).toBeVisible();
    const { height } = page.viewportSize();
    /** How far above the window's end the bar ends. */
    const above = async () => {
      const box = await save.boundingBox();
      return height - box.y - box.height;
    };
    const tall = () => page.evaluate(() => document.documentElement.scrollHeight);
    await expect.poll(tall).toBeGreaterThan(height + 300);
    for (const to of [0, 200]) {
      await page.evaluate((y) => window.scrollTo(0, y), to);
      await expect.poll(above).toBeGreaterThanOrEqual(-1);
      expect(await above(), "near the window's end").toBeLessThan(60);
    }
    // At the end of the page it is in its own place.
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    await expect.poll(() => save.evaluate((bar) => bar.style.transform)).toBe("");
  });

  for (const query of [{ styles: "old" }, { styles: "none" }]) {
    test(`the panel opens where the administration names styles: ${query.styles}`, async ({ page, synced }) => {
      const app = await openInAdmin(page, synced, { ...query, show_after: 600000 });
      await expect(app.getByRole("navigation")).toBeVisible();
    });
  }

  test.describe("with style sheets that are not there", () => {
    test.use({ expected: /404|MIME type|Refused to apply style/ });
    test("the panel opens in its own looks", async ({ page, synced }) => {
      const app = await openInAdmin(page, synced, { styles: "missing", show_after: 600000 });
      await expect(app.getByRole("navigation")).toBeVisible();
    });
  });

  for (const init of ["fail", "silent"]) {
    test(`the panel works where the script's init ends so: ${init}`, async ({ page, synced }) => {
      const app = await openInAdmin(page, synced, { init, show_after: 500 });
      await app.getByRole("link", { name: "Pomoc" }).click();
      await expect(app.getByRole("link", { name: "Pomoc" })).toHaveAttribute("aria-current", "page");
    });
  }

  test.describe("without the shop's script", () => {
    test.use({ sdk: "missing" });
    test("the panel works", async ({ page, synced }) => {
      const app = await openInAdmin(page, synced, { show_after: 500 });
      await app.getByRole("link", { name: "Kontakty" }).click();
      await expect(app.getByRole("link", { name: "Kontakty" })).toHaveAttribute("aria-current", "page");
    });
  });

  test("the other language is one click away, on the same page", async ({ page, synced }) => {
    const app = await openInAdmin(page, synced, { lang: "pl", admin: 2 });
    await app.getByRole("link", { name: "Kontakty" }).click();
    await app.getByRole("button", { name: "English" }).click();
    await expect(app.locator("html")).toHaveAttribute("lang", "en");
    await expect(app.getByRole("navigation").getByRole("link", { name: "Contacts" })).toHaveAttribute("aria-current", "page");
    // Whoever chose is not asked again; whoever did not is spoken to as the administration says.
    await openInAdmin(page, synced, { lang: "pl", admin: 2 });
    await expect(app.locator("html")).toHaveAttribute("lang", "en");
    await openInAdmin(page, synced, { lang: "pl" });
    await expect(app.locator("html")).toHaveAttribute("lang", "pl");
  });

  test("the panel speaks the language of the administration", async ({ page, synced }) => {
    for (const lang of ["pl", "en"]) {
      const app = await openInAdmin(page, synced, { lang });
      await expect(app.locator("html")).toHaveAttribute("lang", lang);
    }
  });
});

test.describe("who may not", () => {
  // Pages that say why the panel does not open know no shop whose style sheets they could take.
  test.use({ expected: /frame-ancestors|status of 4(0[0-9]|10)|stylesheet .* violates/ });

  test("another site cannot frame a page of a session", async ({ page, synced }) => {
    await page.goto(synced.admin());
    const address = `${session((await frameOf(page)).url())}help`;
    await expectRefused(page, address);
  });

  test("another site that got hold of the signed address shows no session", async ({ page, synced }) => {
    await expectRefused(page, await synced.panel());
  });

  test("an address whose signature does not fit opens nothing", async ({ page, synced }) => {
    const address = new URL(await synced.panel());
    address.searchParams.set("hash", "0".repeat(128));
    const answer = await page.goto(address.href);
    expect(answer.status()).toBe(401);
    await expect(page.getByRole("heading", { name: "Nie można otworzyć panelu" })).toBeVisible();
  });

  test("a session that is tied to one browser opens in no other", async ({ page, synced, browser }) => {
    const base = await openAlone(page, synced);
    const other = await (await browser.newContext()).newPage();
    expect((await other.goto(`${base}contacts`)).status()).toBe(401);
    await other.context().close();
  });

  test("a form sent from elsewhere changes nothing", async ({ page, synced, request }) => {
    await page.goto(synced.admin());
    const frame = await frameOf(page);
    const answer = await request.post(`${session(frame.url())}overview/pause`, { form: { csrf: "0".repeat(64) } });
    expect(answer.status()).toBe(403);
    expect((await synced.told()).paused).toBe(false);
  });

  test("the session of one shop shows nothing of another", async ({ page, world, browser }) => {
    const other = await world.anotherShop();
    await world.install(other);
    await world.configure(other);
    await world.configure();
    const { email } = (await other.get("customers"))[0];
    const app = await openInAdmin(page, world);
    await app.getByRole("link", { name: "Kontakty" }).click();
    await expect(app.locator("main")).not.toContainText(email);
    // Its own pages say no more when they are asked by the other shop's words.
    const mine = await frameOf(page);
    const second = await browser.newPage();
    await second.goto(world.admin({}, other));
    const theirs = await frameOf(second);
    expect(session(mine.url())).not.toBe(session(theirs.url()));
    const csrf = await mine.evaluate(() => document.querySelector("input[name=csrf]").value);
    const crossed = await page.request.post(`${session(theirs.url())}language`, { form: { csrf, page: "", locale: "en" } });
    expect(crossed.status()).toBe(403);
    // Each page names its own shop alone as the one that may frame it.
    const head = await page.request.get(`${session(theirs.url())}help`);
    const csp = head.headers()["content-security-policy"];
    expect(csp).toContain(`frame-ancestors ${other.url}`);
    expect(csp).not.toContain(world.shop.url);
    await second.close();
  });

  test("sessions end when the app is removed from the shop", async ({ page, world }) => {
    const app = await openInAdmin(page, world);
    const frame = await frameOf(page);
    const address = frame.url();
    await world.message(world.shop, "uninstall");
    await expect.poll(async () => (await page.request.get(address)).status()).toBeGreaterThanOrEqual(401);
    await app.locator("body").evaluate(() => window.location.reload());
    await expect(app.getByRole("heading", { name: "Nie można otworzyć panelu" })).toBeVisible();
  });
});
