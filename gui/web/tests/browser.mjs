// The page in a real browser: node gui/web/tests/browser.mjs FOLDER [PICTURES]
// Plays it by mouse and keys, and looks at what can be told from outside: address, title, console, memory.
// Needs playwright-core (npm) and a Chromium, /usr/bin/chromium or CHROMIUM.
import { createServer } from "node:http";
import { readFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";

const [folder, pictures] = process.argv.slice(2);
// From where it was installed, which need not be here.
const { chromium } = createRequire(path.join(process.cwd(), "x.js"))("playwright-core");
if (pictures) await mkdir(pictures, { recursive: true });

// A server that knows nothing: no kinds of wasm, no packing, no headers.
const server = createServer(async (request, answer) => {
  const name = new URL(request.url, "http://page").pathname;
  try {
    const content = await readFile(path.join(folder, name === "/" ? "index.html" : name));
    const kind = { ".html": "text/html", ".js": "text/javascript" }[path.extname(name) || ".html"];
    answer.writeHead(200, { "content-type": kind ?? "application/octet-stream" }).end(content);
  } catch {
    answer.writeHead(404).end();
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const page_url = `http://127.0.0.1:${server.address().port}/`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-precise-memory-info"],
});
const faults = [];
const check = (is, what) => {
  console.log(`${is ? "ok  " : "FAIL"} ${what}`);
  if (!is) faults.push(what);
};
const opened = async (fragment, [width, height] = [1600, 1000], more = {}) => {
  const page = await browser.newPage({ viewport: { width, height }, ...more });
  // What a frame takes of the page's thread: its handling of events, state and meshes, and what it hands to OpenGL.
  await page.addInitScript(() => {
    window.frames_ms = [];
    const ask = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (draw) =>
      ask((now) => {
        const began = performance.now();
        draw(now);
        window.frames_ms.push(performance.now() - began);
      });
  });
  page.on("console", (message) => {
    const isOfTheTab = message.text().includes("404") && message.location().url.endsWith("favicon.ico");
    if (message.type() === "error" && !isOfTheTab) faults.push(`${fragment}: ${message.text().slice(0, 300)}`);
  });
  page.on("pageerror", (error) => faults.push(`${fragment}: ${String(error).slice(0, 300)}`));
  await page.goto(page_url + fragment);
  await page.waitForFunction(() => document.getElementById("loading").textContent === "", undefined, { timeout: 120000 });
  return page;
};
// Printed, never judged: machines differ, and this one has others on it.
const frames = async (page, what) => {
  const all = await page.evaluate(() => window.frames_ms.splice(0).sort((one, other) => one - other));
  const at = (share) => all[Math.min(all.length - 1, Math.floor(share * all.length))]?.toFixed(1) ?? "–";
  const long = all.filter((ms) => ms > 16).length;
  console.log(`     ${what}: ${all.length} frames, median ${at(0.5)} ms, 90 % ${at(0.9)}, 99 % ${at(0.99)}, most ${at(1)}; ${long} over 16 ms`);
};
const shot = async (page, name) => {
  if (pictures) await page.screenshot({ path: path.join(pictures, `${name}.png`) });
};
const until = async (page, is, what) => {
  try {
    await page.waitForFunction(is, undefined, { timeout: 90000 });
    check(true, what);
  } catch {
    check(false, `${what}: title ${await page.title()}, address ${page.url()}`);
  }
};

// A run by itself: its title names it, its address says nothing.
const first = await opened("");
await until(first, () => document.title === "Weftscope", "the page draws itself");
// The first picture is there when a worker has started, chosen the cut and run.
await first.waitForTimeout(15000);
await shot(first, "start");
await frames(first, "from the start on");
await first.waitForTimeout(5000);
await frames(first, "live, two layers of eight ranks");
for (let step = 0; step < 60; step++) {
  await first.mouse.move(700 + 5 * step, 500);
  await first.waitForTimeout(30);
}
await frames(first, "the pointer moves over the timeline");
for (let notch = 0; notch < 30; notch++) {
  await first.mouse.wheel(0, notch < 15 ? -120 : 120);
  await first.waitForTimeout(60);
}
await frames(first, "the wheel, in and out");
check(!first.url().includes("="), "an address without turned knobs says nothing");
// Ranks: 4, by a real click.
await first.mouse.click(163, 606);
await until(first, () => location.hash.includes("tp=4"), "a knob that is clicked stands in the address");
await first.waitForTimeout(3000);
await frames(first, "another run and its baselines");
await shot(first, "four-ranks");
// Another address in the same tab.
await first.evaluate(() => (location.hash = "#split=0.25&tokens=4096"));
await until(first, () => location.hash.includes("split=1024") && !location.hash.includes("tp="), "another address turns the knobs");
await first.waitForTimeout(3000);
await shot(first, "split");
// A file from the disk, dropped.
const sample = (await readFile(path.join(folder, "samples", "h200x2-default.weft"))).toString("base64");
await first.evaluate((text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], "mine.weft"));
  const canvas = document.getElementById("weftscope");
  for (const kind of ["dragover", "drop"]) canvas.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
}, sample);
await until(first, () => document.title.includes("mine"), "a dropped file is opened");
await first.waitForTimeout(2000);
await shot(first, "dropped");
const megabytes = await first.evaluate(() => performance.memory.usedJSHeapSize / 1e6);
console.log(`     ${megabytes.toFixed(0)} MB of the browser's heap`);
await first.close();

// Where links lead.
const lesson = await opened("#lesson=3");
await lesson.waitForTimeout(6000);
check(lesson.url().endsWith("#lesson=3"), "a link leads to a lesson");
await shot(lesson, "lesson");
await lesson.close();
// A lesson's first step, right, by clicks and keys; its progress is kept with the settings, every half minute.
const played = await opened("#lesson=1");
await played.waitForTimeout(8000);
await played.mouse.click(1220, 340);
await played.keyboard.type("14");
await played.keyboard.press("Enter");
await played.waitForTimeout(5000);
await played.mouse.click(1195, 387);
await until(played, () => (localStorage.getItem("settings") ?? "").includes('"waves":{"steps":[true]}'), "a lesson's step is played, and kept");
await shot(played, "played");
await played.close();
const linked = await opened("#sample=h200x2-tokenweave");
await until(linked, () => document.title.includes("tokenweave"), "a link leads to a sample, which is loaded then");
await linked.waitForTimeout(3000);
await shot(linked, "sample");
await linked.close();

// Inside a page of others, and on a phone's width.
const frame = await browser.newPage({ viewport: { width: 1100, height: 760 } });
await frame.setContent(`<h1>A book</h1><iframe src="${page_url}#split=0.4" style="width:1040px;height:640px;border:1px solid"></iframe>`);
await frame.waitForTimeout(12000);
await shot(frame, "frame");
const inside = frame.frames().find((inner) => inner.url().startsWith(page_url));
check(inside && (await inside.evaluate(() => location.hash)).includes("split="), "it runs inside a frame, with its address");
await frame.close();
const narrow = await opened("", [420, 800], { hasTouch: true });
await narrow.waitForTimeout(15000);
await shot(narrow, "narrow");
// The names of panels lie in the row above the lowest.
await narrow.touchscreen.tap(32, 761);
await narrow.waitForTimeout(1500);
await shot(narrow, "narrow-knobs");
// Ranks, at the end of the knobs: dragged into view by a finger, then tapped.
const session = await narrow.context().newCDPSession(narrow);
const touch = (type, ...points) =>
  session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
const drag = async (from, to) => {
  await touch("touchStart", ...from);
  for (let step = 1; step <= 12; step++) {
    await touch("touchMove", ...from.map(([x, y], i) => [x + ((to[i][0] - x) * step) / 12, y + ((to[i][1] - y) * step) / 12]));
    await narrow.waitForTimeout(40);
  }
  await touch("touchEnd");
  await narrow.waitForTimeout(1500);
};
await drag([[30, 560]], [[30, 430]]);
await drag([[30, 560]], [[30, 430]]);
await shot(narrow, "narrow-dragged");
await narrow.touchscreen.tap(32, 761);
await narrow.waitForTimeout(1000);
await drag([[200, 300], [260, 300]], [[120, 300], [340, 300]]);
await shot(narrow, "narrow-spread");
await narrow.close();

await browser.close();
server.close();
for (const fault of faults) console.log(`FAIL ${fault}`);
process.exit(faults.length ? 1 : 0);
