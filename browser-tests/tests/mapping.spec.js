// Mapping fields: real contacts are shown what they would become while somebody types, with the keyboard alone too.

import { test, expect } from "../harness/test.js";
import { barriers } from "../harness/inspect.js";
import { openAlone } from "../harness/panel.js";
import { say, saying } from "../harness/texts.js";

/** Connects the shop's account without configuring anything. */
async function connect(world) {
  const { uid, api_key } = world.sare.facts;
  const body = `[sare]\nuid = "${uid}"\napi_key = "${api_key}"\n[customers]\nenabled = false\n[subscribers]\nenabled = false\n`;
  await world.operator(world.shop, "/config", { method: "PUT", headers: { "content-type": "application/toml" }, body });
}

async function open(page, world, kind = "customers") {
  await connect(world);
  const base = await openAlone(page, world);
  await page.goto(`${base}${kind}`);
  await expect(page.locator("ol.people li")).toHaveCount(3);
  await expect(page.locator("#people [data-busy]")).toHaveCount(0);
  return base;
}

const row = (page, n) => page.locator("#rows > li").nth(n);

test("what is typed is shown with real contacts, and errors at their row", async ({ page, world }) => {
  const base = await open(page, world);
  await expect(page.getByText("Oto propozycja")).toBeVisible();
  await page.getByText("Podgląd i pozostałe dane sklepu").click();
  await expect(page.locator("#people")).toContainText("Prawdziwe dane: 24 kontakty");
  await page.getByRole("button", { name: "Dodaj wiersz", exact: true }).click();
  const last = page.locator("#rows > li").last();
  await last.locator("select").first().selectOption("comment");
  await last.getByLabel("Dane ze sklepu").selectOption("=template");
  await last.getByLabel("Tekst", { exact: true }).fill("Klient: {Imię");
  await expect(last).toContainText("Sprawdź nawiasy");
  await expect(last).toHaveClass(/wrong/);
  await last.getByLabel("Tekst", { exact: true }).fill("Klient: {Imię}");
  await expect(last.locator(".values li").first()).toContainText("Klient: ");
  await expect(last).toContainText("z 24 kontaktów");
  await expect(last).not.toHaveClass(/wrong/);
  const before = await page.locator("ol.people").textContent();
  await page.getByRole("button", { name: "Następne trzy" }).click();
  await expect(page.locator("ol.people")).not.toHaveText(before);
  await page.screenshot({ path: "artefacts/screens/mapping-typed.png", fullPage: true });
  // Two groups of the account are called "Klienci": neither is proposed.
  await expect(page.locator("#group")).toHaveValue("");
  await page.locator("#group").selectOption("21");
  await page.getByRole("button", { name: "Zapisz" }).click();
  // Subscribers are asked about next.
  await expect(page).toHaveURL(`${base}subscribers?done=first`);
  // What the page fetches by itself must not meet a server that is being stopped.
  await page.close();
});

test("what is not saved is counted, and a removed row comes back", async ({ page, world }) => {
  await open(page, world);
  const told = page.locator("[data-changes]");
  const rows = page.locator("#rows > li");
  await expect(told).toBeHidden();
  const before = await rows.count();
  await row(page, 1).getByRole("button", { name: /Usuń/ }).click();
  await expect(rows).toHaveCount(before - 1);
  await expect(told).toContainText(saying("pl", "mapping.unsaved-n"));
  await page.getByRole("button", { name: say("pl", "mapping.undo") }).click();
  await expect(rows).toHaveCount(before);
  await expect(told).toBeHidden();
  await page.getByLabel(say("pl", "mapping.enabled-customers")).uncheck();
  await expect(told).toHaveText(say("pl", "mapping.unsaved-n").replace("{n}", "1"));
});

test("a row counts once whatever moves, and one that comes back is not mixed up with a new one", async ({ page, world }) => {
  await open(page, world);
  const told = (n) => expect(page.locator("[data-changes]")).toHaveText(say("pl", "mapping.unsaved-n").replace("{n}", `${n}`));
  const keys = () => page.locator("#rows > li").evaluateAll((all) => all.map((one) => one.dataset.key));
  await row(page, 0).locator("details > summary").click();
  await row(page, 0).locator("[data-op=down]").click();
  await told(1);
  await row(page, 1).locator("[data-op=up]").click();
  await expect(page.locator("[data-changes]")).toBeHidden();
  await row(page, 0).locator("[data-op=remove]").click();
  await told(1);
  await page.getByRole("button", { name: say("pl", "mapping.add"), exact: true }).click();
  await told(2);
  await page.getByRole("button", { name: say("pl", "mapping.undo"), exact: true }).click();
  await told(1);
  const all = await keys();
  expect(new Set(all).size, `each row has a number of its own: ${all}`).toBe(all.length);
  await page.close();
});

test("the button that saves stays in sight, where there is room for it", async ({ page, world }) => {
  await open(page, world);
  const save = page.getByRole("button", { name: say("pl", "common.save"), exact: true });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.evaluate(() => window.scrollTo(0, 0));
  await expect(save).toBeInViewport({ ratio: 1 });
  // What is left of a screen at 400 %: the bar would hide what it is about.
  await page.setViewportSize({ width: 320, height: 256 });
  await page.evaluate(() => window.scrollTo(0, 0));
  await expect(save).not.toBeInViewport();
  await page.close();
});

test("rows are moved and removed with the keyboard alone, and Enter saves nothing", async ({ page, world }) => {
  await open(page, world);
  const target = (n) => row(page, n).locator("select").first();
  await expect(target(0)).toHaveValue("name");
  const handle = (n) => row(page, n).getByRole("button", { name: saying("pl", "mapping.move") });
  await handle(0).focus();
  await page.keyboard.press("ArrowDown");
  await expect(target(1)).toHaveValue("name");
  await expect(handle(1)).toBeFocused();
  await expect(page.locator("#moved")).toContainText(/: miejsce 2 z \d/);
  // The same with a mouse, back again; Escape on the way leaves everything as it is.
  const drag = async (from, to) => {
    await handle(from).hover();
    await page.mouse.down();
    const box = await row(page, to).boundingBox();
    await page.mouse.move(box.x + 15, to > from ? box.y + box.height - 2 : box.y + 2, { steps: 4 });
  };
  await drag(1, 0);
  await page.mouse.up();
  await expect(target(0)).toHaveValue("name");
  await expect(page.locator("[data-changes]")).toBeHidden();
  await drag(0, 1);
  await expect(target(1)).toHaveValue("name");
  await page.keyboard.press("Escape");
  await page.mouse.up();
  await expect(target(0)).toHaveValue("name");
  // Long lists: typing leaves what matches; Escape changes nothing, Enter chooses.
  const field = row(page, 1).getByLabel(say("pl", "mapping.column-source"), { exact: true });
  await field.focus();
  const was = await field.inputValue();
  await page.keyboard.type("nazwi");
  await expect(page.getByRole("combobox", { name: say("pl", "mapping.column-source") }).and(page.locator("#chooser"))).toBeFocused();
  expect(await barriers(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(field).toBeFocused();
  await expect(field).toHaveValue(was);
  await field.click();
  await page.keyboard.type("NAZWI");
  await page.keyboard.press("Enter");
  await expect(field).toHaveValue("lastname");
  await expect(field).toBeFocused();
  await row(page, 1).getByRole("button", { name: /Usuń wiersz/ }).focus();
  await page.keyboard.press("Space");
  await expect(target(0)).toHaveValue("name");
  await expect(row(page, 1).getByRole("button", { name: /Usuń wiersz/ })).toBeFocused();
  const asked = page.waitForRequest((request) => request.url().endsWith("/preview"));
  await page.getByText("Utwórz nową grupę").click();
  await row(page, 0).getByLabel("Tekst", { exact: true }).press("Enter");
  await asked;
  expect(page.url()).toMatch(/customers(\?asked=yes)?$/);
  page.on("dialog", (dialog) => dialog.dismiss());
  await page.getByRole("link", { name: "Pomoc" }).click();
  expect(page.url(), "what is not saved is not left by mistake").toMatch(/customers(\?asked=yes)?$/);
  await page.close();
});

test("a group is made on the way, and what was typed stays", async ({ page, world }) => {
  await open(page, world);
  await row(page, 0).getByLabel("Tekst", { exact: true }).fill("{Imię}");
  await page.getByText("Utwórz nową grupę").click();
  await page.getByLabel("Nazwa nowej grupy").fill("Sklep Anny");
  await page.getByLabel("Nazwa nowej grupy").press("Enter");
  await expect(page.getByText("powstała w SARE")).toBeVisible();
  await expect(page.locator("#group option:checked")).toContainText("Sklep Anny");
  await expect(row(page, 0).getByLabel("Tekst", { exact: true })).toHaveValue("{Imię}");
  await page.close();
});

for (const kind of ["customers", "subscribers"]) {
  test(`${kind}: no barrier, nothing sideways, nothing jumps`, async ({ page, world }) => {
    await open(page, world, kind);
    // At a desk a row is one line; what a telephone shows is a card, one field above the other.
    const lines = () => page.locator("#rows > li").evaluateAll((all) => all.map((one) => {
      const box = (of) => one.querySelector(of).getBoundingClientRect();
      const [target, source, select] = [box(".at-target"), box(".at-source"), box("select")];
      const notes = box(".at-notes").height;
      return { isLine: one.getBoundingClientRect().height - notes < 1.6 * select.height, isCard: source.top >= target.bottom - 1 };
    }));
    await page.setViewportSize({ width: 1280, height: 800 });
    for (const one of await lines()) expect(one).toEqual({ isLine: true, isCard: false });
    await page.setViewportSize({ width: 360, height: 800 });
    for (const one of await lines()) expect(one).toEqual({ isLine: false, isCard: true });
    await page.locator("details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
    for (const width of [1280, 900, 360, 320]) {
      await page.setViewportSize({ width, height: 800 });
      const wide = await page.evaluate(() => {
        const all = document.documentElement;
        const out = [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > all.clientWidth + 1);
        return all.scrollWidth > all.clientWidth ? out.map((one) => `${one.tagName}.${one.className}`) : [];
      });
      expect(wide, `${width} pixels`).toEqual([]);
      await page.screenshot({ path: `artefacts/screens/mapping-${kind}-${width}.png`, fullPage: true });
    }
    expect(await barriers(page)).toEqual([]);
  });
}
