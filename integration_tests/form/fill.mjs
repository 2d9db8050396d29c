// Usage: node fill.mjs FOLDER CHROMIUM <JOB.json
//
// Fills the form in FOLDER as a person would, in a browser, and presses its button. A job has `answers` (a value by
// the dotted name of its option) and perhaps `before` and `after`, files for screenshots. Prints what came of it:
// `shown`, the options to be seen before anything is unfolded; `submitted`, the config, or null; and `errors`, the
// form's own sentences by option.

import { join } from "node:path";
import { json } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const [folder, executablePath] = process.argv.slice(2);
const { answers, before, after } = await json(process.stdin);

const idOf = (option) => `root_${option.replaceAll(".", "_")}`;
// The folds of one option, outermost first.
const foldsOf = (field) => field.locator("xpath=ancestor::details").all();

async function unfold(folds) {
  for (const fold of folds) {
    if ((await fold.getAttribute("open")) === null) await fold.locator("> summary").click();
  }
}

/** Answers as the field asks: a box to tick, a choice of one or several, a list to add to, or plain text. */
async function answer(page, option, value) {
  const id = idOf(option);
  // Checkboxes of one option have no element with its plain id, only numbered ones and their common frame.
  const field = page.locator(`[id="${id}"], [id="${id}-0"], [id="${id}_title"], [id="${id}__title"]`).first();
  await field.waitFor({ state: "attached" });
  await unfold(await foldsOf(field));
  const control = page.locator(`[id="${id}"]`);
  if (Array.isArray(value) && (await page.locator(`[id="${id}-0"]`).count())) {
    const boxes = page.locator(`[id="${id}"]`);
    for (const choice of value) await boxes.getByLabel(choice, { exact: true }).check();
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      await control.locator(".rjsf-array-item-add button").or(control.locator("button.rjsf-array-item-add")).first().click();
      await page.locator(`[id="${id}_${index}"]`).fill(item);
    }
  } else if (typeof value === "boolean") await control.setChecked(value);
  else if ((await control.evaluate((element) => element.tagName)) === "SELECT") {
    await control.selectOption({ label: value });
  } else await control.fill(String(value));
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
  const shown = await page.evaluate(() =>
    Object.keys(window.spec.properties).filter((name) => {
      const element = document.getElementById(`root_${name}`);
      return element?.checkVisibility() && !element.closest("details:not([open])");
    }),
  );
  if (before) await page.screenshot({ path: before, fullPage: true });

  for (const [option, value] of Object.entries(answers)) await answer(page, option, value);
  await page.locator("button[type=submit]").click();
  // The form answers at once: with a config, or with a sentence at a field.
  await page.waitForFunction(() => window.submitted || document.querySelector("[id$=__error]"));
  const submitted = await page.evaluate(() => window.submitted ?? null);
  const errors = await page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll("[id$=__error]")].map((element) => [
        element.id.replace(/^root_(.*)__error$/, "$1"),
        element.innerText.trim(),
      ]),
    ),
  );
  if (after) await page.screenshot({ path: after, fullPage: true });
  console.log(JSON.stringify({ shown, submitted, errors, faults }));
} finally {
  await browser.close();
}
