// tests/web/run.mjs - the built page in real Chromium: every page at desktop and phone width, light and dark; axe finds nothing; no request leaves;
// HTML in every field stays text. The server here is a stand-in for the API with fixtures, or a real one: BASE_URL and TOKEN in the environment.
//   node tests/web/run.mjs [folder for screenshots]
// Exit code: 0 good, 1 findings, 77 where there is no Chromium or no node_modules (npm ci in web/).
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { answerFor } from "./fixtures.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const require = createRequire(join(root, "web", "package.json"));
const chromium = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
let playwright;
let axe;
try {
  playwright = require("playwright-core");
  axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
} catch {
  console.log("skipped: run `npm ci` in web/ first");
  process.exit(77);
}
if (!chromium) {
  console.log("skipped: Chromium is not here (apt-get install chromium)");
  process.exit(77);
}
const shots = process.argv[2];
if (shots) mkdirSync(shots, { recursive: true });

const POLICY = /"Content-Security-Policy",\s*((?:"[^"]*"\s*)+)/.exec(readFileSync(join(root, "src/console/api.cpp"), "utf8"))[1].replace(/"\s*"/g, "").replace(/"/g, "").trim();
const types = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" };

function serve(kind) {
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    response.setHeader("Content-Security-Policy", POLICY);
    if (url.pathname.startsWith("/api/") || url.pathname === "/events") {
      if (request.headers.authorization !== "Bearer good") {
        response.writeHead(401, { "Content-Type": "application/json" });
        return response.end('{"version":1,"error":"a token is needed","remedy":"make one"}');
      }
      if (url.pathname === "/events") {
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        return response.write(": hello\n\n");
      }
      const answer = answerFor(kind, url);
      response.writeHead(answer ? 200 : 404, { "Content-Type": "application/json" });
      return response.end(JSON.stringify(answer ?? { version: 1, error: "there is nothing here", remedy: "" }));
    }
    const file = join(root, "src/console/page", url.pathname === "/" ? "index.html" : url.pathname);
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": types[file.split(".").pop()] });
    response.end(readFileSync(file));
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

const problems = [];
const check = (good, what) => good || problems.push(what);
const PAGES = {
  home: "#/", incidents: "#/incidents", incident: "#/incidents/1", messages: "#/messages", message: "#/messages/1KDR4V8QZ0001", domains: "#/domains",
  domain: "#/domains/example.com", rehearsal: "#/rehearsal", rules: "#/rules", settings: "#/settings",
};
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

const browser = await playwright.chromium.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
});

async function open(base, size, scheme, token = "good") {
  const context = await browser.newContext({ viewport: SIZES[size], colorScheme: scheme, reducedMotion: "reduce", bypassCSP: false, timezoneId: "UTC" });
  const page = await context.newPage();
  page.on("request", (request) => check(request.url().startsWith(base), `a request left for ${request.url()}`));
  page.on("pageerror", (error) => problems.push(`an error in the page: ${error.message}`));
  page.on("console", (line) => line.type() === "error" && !/40[14]/.test(line.text()) && problems.push(`the console says: ${line.text()}`));
  page.on("dialog", (dialog) => (problems.push(`a dialog opened: ${dialog.message()}`), dialog.dismiss()));
  await page.addInitScript((value) => value && sessionStorage.setItem("ptarmigan-token", value), token);
  return [context, page];
}
async function go(page, base, hash) {
  await page.goto(`${base}/${hash}`);
  await page.waitForSelector("h1");
  await page.waitForFunction(() => !document.body.innerText.includes("Reading …"));
}
// axe needs eval-free injection past the policy: through the debugger's own world it is not subject to it.
async function audit(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  for (const violation of found.violations)
    problems.push(`${name}: axe ${violation.id}: ${violation.help} (${violation.nodes.slice(0, 3).map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join("; ")})`);
}

async function everyPage(kind, shoot) {
  const server = await serve(kind);
  const base = `http://127.0.0.1:${server.address().port}`;
  for (const size of Object.keys(SIZES))
    for (const scheme of ["light", "dark"]) {
      const [context, page] = await open(base, size, scheme);
      for (const [name, hash] of Object.entries(PAGES)) {
        await go(page, base, hash);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        check(wide <= 0, `${kind} ${name} at ${size} width scrolls sideways by ${wide} px`);
        if (shoot && shots) await page.screenshot({ path: join(shots, `${name}-${size}-${scheme}.png`), fullPage: name !== "rules" });
        await audit(page, `${kind} ${name}, ${size}, ${scheme}`);
      }
      await context.close();
    }
  server.close();
  server.closeAllConnections();
}

async function hostile() {
  const server = await serve("hostile");
  const base = `http://127.0.0.1:${server.address().port}`;
  const [context, page] = await open(base, "desktop", "light");
  for (const [name, hash] of Object.entries(PAGES)) {
    await go(page, base, hash);
    const made = await page.evaluate(() => document.querySelectorAll("main script, main img, main iframe, main [onerror], main b[data-evil]").length + (window.evil ? 1 : 0));
    check(made === 0, `${name}: HTML of a field became part of the page`);
    const odd = await page.evaluate(() => [...document.querySelectorAll("a[href]")].filter((a) => !/^(#\/|https:\/\/)/.test(a.getAttribute("href")) && a.getAttribute("href") !== "#main").map((a) => a.getAttribute("href")));
    check(odd.length === 0, `${name}: a link leads to ${odd[0]}`);
  }
  await context.close();
  server.close();
  server.closeAllConnections();
}

async function login() {
  const server = await serve("full");
  const base = `http://127.0.0.1:${server.address().port}`;
  const [context, page] = await open(base, "phone", "light", "");
  await page.goto(`${base}/`);
  await page.waitForSelector("input[type=password]");
  await audit(page, "login");
  if (shots) await page.screenshot({ path: join(shots, "login-phone-light.png") });
  await page.keyboard.press("Tab");
  await page.fill("input[type=password]", "wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=alert]");
  await page.fill("input[type=password]", "good");
  await page.keyboard.press("Enter");
  await page.waitForSelector("nav");
  check((await context.cookies()).length === 0, "a cookie was set");
  // By keyboard alone: the first Tab is the way to the content, the next ones are the pages.
  await page.goto(`${base}/`);
  await page.waitForSelector("nav");
  await page.keyboard.press("Tab");
  check((await page.evaluate(() => document.activeElement.textContent)) === "To the content", "the first Tab is not the way to the content");
  for (let i = 0; i < 3; ++i) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash === "#/incidents");
  await page.waitForFunction(() => document.activeElement?.tagName === "MAIN");
  await context.close();
  server.close();
  server.closeAllConnections();
}

if (process.env.BASE_URL) {
  const base = process.env.BASE_URL.replace(/\/$/, "");
  for (const [size, scheme] of [["desktop", "light"], ["phone", "dark"]]) {
    const [context, page] = await open(base, size, scheme, process.env.TOKEN);
    for (const name of (process.env.PAGES ?? "home,incidents,messages,domains,rehearsal,rules,settings").split(",")) {
      await go(page, base, PAGES[name] ?? name);
      if (shots) await page.screenshot({ path: join(shots, `live-${name.replace(/\W+/g, "_")}-${size}-${scheme}.png`), fullPage: name !== "rules" });
      await audit(page, `live ${name}, ${size}, ${scheme}`);
      if (process.env.EXPECT && name === "home") check((await page.innerText("main")).includes(process.env.EXPECT), `home does not say “${process.env.EXPECT}”`);
    }
    await context.close();
  }
} else {
  await everyPage("full", true);
  await everyPage("empty", false);
  await hostile();
  await login();
}
await browser.close();
for (const problem of [...new Set(problems)]) console.log(problem);
console.log(problems.length ? `${problems.length} findings` : "good");
process.exit(problems.length ? 1 : 0);
