// Notes each animation frame in which something was put on a canvas, in every page alike.
//
// What is hooked is what everybody calls once or twice a chart and frame, never once a point: ours and the floor put
// pixels, the others clear their canvas before they draw. The timeline's time is the same throughout a frame.
(() => {
  let frames = [];
  let last = -1;
  const note = () => {
    const now = document.timeline.currentTime;
    if (now !== last) frames.push((last = now));
  };
  for (const method of ['putImageData', 'clearRect']) {
    const original = CanvasRenderingContext2D.prototype[method];
    CanvasRenderingContext2D.prototype[method] = function (...values) {
      note();
      return original.apply(this, values);
    };
  }
  /** What was drawn since the last look, and the page's own counters, ours or a peer's. */
  window.look = () => {
    const taken = frames;
    frames = [];
    const counters = window.kymograph?.stats() ?? window.wall ?? {};
    return { now: performance.now(), frames: taken, samples: counters.samples ?? 0, commits: counters.commits ?? 0 };
  };
})();
