// `test` with what every test here needs: a world, and a browser that is watched.
//
// The browser reaches nobody but the world and Shoper's script, which is replaced by the simulator's. At the end of
// each test it is checked that no page asked for anything else, and that no page reported an error.

import { test as base, expect } from "@playwright/test";
import { livelyWorld } from "./lively.js";
import { World } from "./world.js";

export { expect };

const SDK = "https://dcsaascdn.net/js/dc-sdk-1.0.5.min.js";

/**
 * Closes the pages of a test and waits until nothing is asked on behalf of them any more. A page is often still loading
 * when a test has seen what it wanted; what is answered for it after the test's end would count as a fault of a test.
 */
async function leave(context) {
  await Promise.all(context.pages().map((page) => page.close()));
  await context.unrouteAll({ behavior: "wait" });
}

export const test = base.extend({
  /** How the world of a test begins: see `World.start`. */
  begin: [{}, { option: true }],
  /** Whether Shoper's script can be loaded. */
  sdk: ["ok", { option: true }],
  /** What a page reports as an error because the test wants it so. */
  expected: [/^never$/, { option: true }],

  world: async ({ begin, context }, use) => {
    const world = await World.start(begin);
    await use(world);
    // No page asks for anything of a world that has gone.
    await leave(context);
    await world.stop();
  },

  /** One configured and synchronised world for all tests of a process that only look at it. */
  synced: [
    async ({}, use) => {
      const world = await World.start({ configured: true });
      await use(world);
      await world.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  /** The same with a life behind it (`lively.js`). */
  lively: [
    async ({}, use) => {
      const world = await livelyWorld();
      await use(world);
      await world.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  context: async ({ context, sdk, expected }, use) => {
    const strangers = [];
    const complaints = new Set();
    await context.route(
      (url) => !["localhost", "127.0.0.1"].includes(url.hostname),
      async (route) => {
        const url = route.request().url();
        if (url !== SDK) {
          strangers.push(url);
          return route.abort();
        }
        if (sdk !== "ok") return route.abort();
        // The SDK of whichever shop frames the page.
        const shop = route.request().frame().parentFrame()?.url();
        if (!shop?.includes("/_sim/admin")) return route.abort();
        const script = await context.request.get(new URL("/_sim/admin/sdk.js", shop).href);
        return route.fulfill({ contentType: "text/javascript", body: await script.text() });
      },
    );
    context.on("weberror", (error) => complaints.add(`${error.error()}`));
    context.on("console", (message) => {
      if (message.type() === "error") complaints.add(message.text());
    });
    await use(context);
    await leave(context);
    expect(strangers, "nobody else is asked for anything").toEqual([]);
    const unknown = [...complaints].filter((text) => !text.includes("net::ERR_FAILED") && !expected.test(text));
    expect(unknown, "no page reports an error").toEqual([]);
  },
});
