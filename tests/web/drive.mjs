// tests/web/drive.mjs - plays the page in real Chromium against a running server, as a test tells it: one command a line on stdin, one answer a line
// on stdout, both JSON. An answer has `problems` (what was found since the last one) and, where the command failed, `error`.
//   BASE_URL=http://127.0.0.1:8025 TOKEN=... node tests/web/drive.mjs [folder for screenshots]
//   {"do": "go", "hash": "#/"}                                opens a page; it stays open until the next one
//   {"do": "await", "selector": "...", "text": "...", "seconds": 60}   until an element shows that text, without a reload
//   {"do": "await-none", "selector": "...", "text": "...", "seconds": 60}   until none does
//   {"do": "click", "selector": "...", "text": "..."}
//   {"do": "shoot", "name": "home", "hash": "#/"}             the page at every size and scheme, each seen by axe
// Exit code: 0, or 77 where there is no Chromium or no node_modules (npm ci in web/).
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { SCHEMES, SIZES, audit, browser, go, open, problems } from "./browser.mjs";

const base = process.env.BASE_URL.replace(/\/$/, "");
const token = process.env.TOKEN;
const shots = process.argv[2];
if (shots) mkdirSync(shots, { recursive: true });
const [, page] = await open(base, "desktop", "light", token);
const others = [];
for (const size of Object.keys(SIZES)) for (const scheme of SCHEMES) others.push([size, scheme, (await open(base, size, scheme, token))[1]]);

const found = (command) => page.locator(command.selector).filter({ hasText: command.text ?? "" });
const verbs = {
  go: (command) => go(page, base, command.hash),
  await: async (command) => {
    const place = found(command).first();
    await place.waitFor({ timeout: 1000 * command.seconds });
    return { text: await place.innerText() };
  },
  "await-none": (command) => found(command).first().waitFor({ state: "detached", timeout: 1000 * command.seconds }),
  click: (command) => found(command).first().click({ timeout: 10000 }),
  shoot: async (command) => {
    for (const [size, scheme, other] of others) {
      await go(other, base, command.hash);
      if (shots) await other.screenshot({ path: join(shots, `live-${command.name}-${size}-${scheme}.png`), fullPage: command.whole ?? true });
      await audit(other, `live ${command.name}, ${size}, ${scheme}`);
    }
  },
};

console.log(JSON.stringify({ problems: [] }));
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const answer = {};
  try {
    Object.assign(answer, await verbs[command.do](command));
  } catch (error) {
    answer.error = `${error.message}\nThe page says:\n${await page.innerText("body").catch(() => "nothing")}`;
  }
  console.log(JSON.stringify({ ...answer, problems: problems.splice(0) }));
}
await browser.close();
