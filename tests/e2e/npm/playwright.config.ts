import { defineConfig } from "@playwright/test";

// npm_package.py says where the relying party is, and reads the report.
export default defineConfig({
  testDir: ".",
  fullyParallel: true,
  workers: 2,
  timeout: 60_000,
  outputDir: process.env.RESULTS,
  reporter: [["json", { outputFile: process.env.REPORT }]],
  use: { baseURL: process.env.RP, viewport: { width: 640, height: 480 }, trace: "retain-on-failure" },
});
