// A worker of the page: the same program in memory of its own, which simulates while the page draws.
import init, { weftscope_worker_take } from "./weftscope.js";

let ready;
onmessage = async ({ data }) => {
  // The first message is the program, which the page has compiled.
  if (!ready) {
    ready = init({ module_or_path: data });
    return;
  }
  await ready;
  weftscope_worker_take(data);
};
