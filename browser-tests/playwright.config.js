// The browser tests: `npm ci && npm test`. CHROMIUM names the browser, SHOPER_SARE the built program.

import { defineConfig } from "@playwright/test";

/** Chromium as it runs here, with cookies of other sites refused as its users more and more have it. */
export const browser = {
  browserName: "chromium",
  launchOptions: {
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--test-third-party-cookie-phaseout"],
  },
};

export default defineConfig({
  testDir: "tests",
  outputDir: "artefacts/failures",
  // Two cores: more at once would only make each slower.
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  use: {
    ...browser,
    viewport: { width: 1280, height: 900 },
    locale: "pl-PL",
    timezoneId: "Europe/Warsaw",
    actionTimeout: 20_000,
    navigationTimeout: 30_000,
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
  },
});
