// Records when a mark (a high sample) is drawn on the canvas of the chart `marker`.
//
// Reading a canvas back would change how the browser handles it, so the pixels are inspected before they are drawn.
(() => {
  /** Number of newest columns to inspect; a mark leaves them before the next one. */
  const COLUMNS = 8;
  const marks = [];
  let shown = false;

  /** Returns true if a line crosses the upper quarter of the newest columns. */
  const isHigh = ({ data, width, height }) => {
    const row = Math.floor(height / 4) * width;
    for (let x = width - COLUMNS; x < width; x += 1) if (data[4 * (row + x) + 3] > 0) return true;
    return false;
  };

  const putImageData = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (image, ...place) {
    putImageData.call(this, image, ...place);
    if (this.canvas.closest('[data-group="marker"]') === null) return;
    const isShown = isHigh(image);
    if (isShown && !shown) {
      const mark = { drawn: Date.now(), next: null };
      marks.push(mark);
      // When the next display frame begins, this one has been passed to the compositor.
      requestAnimationFrame(() => (mark.next = Date.now()));
    }
    shown = isShown;
  };
  window.takeMarks = () => marks.splice(0).filter(({ next }) => next !== null);
})();
