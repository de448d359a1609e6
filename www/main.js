// Starts the page. Everything else is in the Wasm module.
import init from "./dashboard.js";

init({ module_or_path: new URL("./dashboard_bg.wasm", import.meta.url) }).catch((error) => {
  const notice = document.getElementById("notice");
  notice.textContent = `This page could not start: ${error.message ?? error}`;
  notice.hidden = false;
  console.error(error);
});
