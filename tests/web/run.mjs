// tests/web/run.mjs - the built page in real Chromium: every page at desktop and phone width, light and dark; axe finds nothing; no request leaves;
// HTML in every field stays text. The server here is a stand-in for the API with fixtures; drive.mjs plays the page against a real one.
//   node tests/web/run.mjs [folder for screenshots]
// Exit code: 0 good, 1 findings, 77 where there is no Chromium or no node_modules (npm ci in web/).
import { createServer } from "node:http";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { answerFor } from "./fixtures.mjs";
import { SCHEMES, SIZES, audit, browser, check, go, open, problems, root } from "./browser.mjs";

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

const PAGES = {
  home: "#/", incidents: "#/incidents", incident: "#/incidents/1", queue: "#/queue", messages: "#/messages", message: "#/messages/1KDR4V8QZ0001", domains: "#/domains",
  domain: "#/domains/example.com", rehearsal: "#/rehearsal", rules: "#/rules", settings: "#/settings",
};

async function everyPage(kind, shoot) {
  const server = await serve(kind);
  const base = `http://127.0.0.1:${server.address().port}`;
  for (const size of Object.keys(SIZES))
    for (const scheme of SCHEMES) {
      const [context, page] = await open(base, size, scheme);
      for (const [name, hash] of Object.entries(PAGES)) {
        await go(page, base, hash);
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

await everyPage("full", true);
await everyPage("empty", false);
await hostile();
await login();
await browser.close();
for (const problem of [...new Set(problems)]) console.log(problem);
console.log(problems.length ? `${problems.length} findings` : "good");
process.exit(problems.length ? 1 : 0);
