// tests/web/browser.mjs - real Chromium for the tests of the page: opens pages at a size and a colour scheme, notes what must not happen in one
// (a request to elsewhere, an error, a dialog), and lets axe judge it. Where there is no Chromium or no node_modules, the process ends with 77.
import { createRequire } from "node:module";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
export const SCHEMES = ["light", "dark"];
export const problems = [];
export const check = (good, what) => good || problems.push(what);

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}
const require = createRequire(join(root, "web", "package.json"));
const chromium = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
let playwright;
let axe;
try {
  playwright = require("playwright-core");
  axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
} catch {
  skip("run `npm ci` in web/ first");
}
if (!chromium || !existsSync(chromium)) skip("Chromium is not here (apt-get install chromium)");

export const browser = await playwright.chromium.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
});

export async function open(base, size, scheme, token = "good") {
  const context = await browser.newContext({ viewport: SIZES[size], colorScheme: scheme, reducedMotion: "reduce", bypassCSP: false, timezoneId: "UTC" });
  const page = await context.newPage();
  page.on("request", (request) => check(request.url().startsWith(base), `a request left for ${request.url()}`));
  page.on("pageerror", (error) => problems.push(`an error in the page: ${error.message}`));
  page.on("console", (line) => line.type() === "error" && !/40[14]/.test(line.text()) && problems.push(`the console says: ${line.text()}`));
  page.on("dialog", (dialog) => (problems.push(`a dialog opened: ${dialog.message()}`), dialog.dismiss()));
  await page.addInitScript((value) => value && sessionStorage.setItem("ptarmigan-token", value), token);
  return [context, page];
}

export async function go(page, base, hash) {
  await page.goto(`${base}/${hash}`);
  await page.waitForSelector("h1");
  await page.waitForFunction(() => !document.body.innerText.includes("Reading …"));
}

// What must be so of every page: nothing is cut off or scrolls sideways, axe finds nothing. `name` stands in what is found.
export async function audit(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(wide <= 0, `${name} scrolls sideways by ${wide} px`);
  const cut = await page.evaluate(() => [...document.querySelectorAll("nav a")].filter((a) => a.getBoundingClientRect().right > innerWidth).map((a) => a.textContent));
  check(cut.length === 0, `${name}: the navigation cuts off ${cut.join(", ")}`);
  // Through the debugger, which the page's policy does not hold.
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  for (const violation of found.violations)
    problems.push(`${name}: axe ${violation.id}: ${violation.help} (${violation.nodes.slice(0, 3).map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join("; ")})`);
}
