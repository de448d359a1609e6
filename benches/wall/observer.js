// Records each display frame in which a page draws on a canvas, in the same way for every page.
//
// The hooked methods are called once or twice per chart and frame, never once per sample: our page and the floor put pixels,
// the others clear their canvas before they draw. The timeline's time is constant within a frame.
(() => {
  let frames = [];
  let last = -1;
  const record = () => {
    const now = document.timeline.currentTime;
    if (now !== last) frames.push((last = now));
  };
  for (const method of ['putImageData', 'clearRect']) {
    const original = CanvasRenderingContext2D.prototype[method];
    CanvasRenderingContext2D.prototype[method] = function (...values) {
      record();
      return original.apply(this, values);
    };
  }
  /** Returns the frames drawn since the previous call, and the page's counters. */
  window.observe = () => {
    const taken = frames;
    frames = [];
    const counters = window.kymograph?.stats() ?? window.wall ?? {};
    return { now: performance.now(), frames: taken, samples: counters.samples ?? 0, commits: counters.commits ?? 0 };
  };
})();
