// `npm run screenshots`: writes the pictures in docs/screenshots anew.

import config from "./playwright.config.js";

export default {
  ...config,
  testDir: "screenshots",
  outputDir: "artefacts/screenshots",
  timeout: 300_000,
  use: { ...config.use, viewport: { width: 1000, height: 700 }, trace: "off", screenshot: "off" },
};
