// Usage: node fill.mjs FOLDER CHROMIUM <JOB.json
//
// Fills the form in FOLDER as a person would, in a browser, and presses its button. A job has `answers` (a value by
// the dotted name of its option) and perhaps `before` and `after`, files for screenshots. Prints what came of it:
// `shown`, the options to be seen before anything is unfolded, from the top; `submitted`, the config, or null;
// `errors`, the form's own sentences by option; and `faults`, what the page itself complained of.

import { join } from "node:path";
import { json } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const [folder, executablePath] = process.argv.slice(2);
const { answers, before, after } = await json(process.stdin);

/** Opens what an option is folded into, outermost first. */
async function unfold(field) {
  for (const fold of await field.locator("xpath=ancestor::details").all()) {
    if ((await fold.getAttribute("open")) === null) await fold.locator("> summary").click();
  }
}

/** Answers as the field asks: some boxes to tick, a list to add to, one box, a choice, or plain text. */
async function answer(page, option, value) {
  const id = `root_${option.replaceAll(".", "_")}`;
  const field = page.locator(`[id="${id}"]`);
  await field.waitFor({ state: "attached" });
  await unfold(field);
  const add = page.locator(`[id="${id}__add"]`);
  if (Array.isArray(value) && (await add.count())) {
    for (const [index, item] of value.entries()) {
      await add.click();
      await page.locator(`[id="${id}_${index}"]`).fill(item);
    }
  } else if (Array.isArray(value)) {
    for (const choice of value) await field.getByLabel(choice, { exact: true }).check();
  } else if (typeof value === "boolean") {
    await field.setChecked(value);
  } else if ((await field.evaluate((element) => element.tagName)) === "SELECT") {
    await field.selectOption({ label: value });
  } else {
    await field.fill(String(value));
  }
}

const browser = await chromium.launch({
  executablePath,
  // Every run gets an empty profile of its own from Playwright. As root, Chromium refuses its own sandbox.
  chromiumSandbox: false,
  timeout: 30_000,
  args: [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
  page.setDefaultTimeout(10_000);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));

  await page.goto(pathToFileURL(join(folder, "index.html")).href);
  await page.locator("button[type=submit]").waitFor();
  const shown = await page.evaluate(() => {
    const top = (name) => document.getElementById(`root_${name}`)?.getBoundingClientRect().top;
    const visible = (name) => {
      const element = document.getElementById(`root_${name}`);
      return element?.checkVisibility() && !element.closest("details:not([open])");
    };
    return Object.keys(window.spec.properties).filter(visible).sort((a, b) => top(a) - top(b));
  });
  if (before) await page.screenshot({ path: before, fullPage: true });

  for (const [option, value] of Object.entries(answers)) await answer(page, option, value);
  await page.locator("button[type=submit]").click();
  // The form answers at once: with a config, or with a sentence at a field.
  await page.waitForFunction(() => window.submitted || document.querySelector("[id$=__error]"));
  const submitted = await page.evaluate(() => window.submitted ?? null);
  const errors = await page.evaluate(() => {
    const sentences = [...document.querySelectorAll("[id$=__error]")];
    return Object.fromEntries(sentences.map(({ id, innerText }) => [id.slice(5, -7), innerText.trim()]));
  });
  if (after) {
    // For a person to read it all; whatever the answers did not need is still folded.
    for (const fold of await page.locator("details").all()) await fold.evaluate((element) => (element.open = true));
    await page.screenshot({ path: after, fullPage: true });
  }
  console.log(JSON.stringify({ shown, submitted, errors, faults }));
} finally {
  await browser.close();
}
