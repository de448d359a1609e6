// Records when a mark (a high sample) is drawn on the canvas of the chart `marker`.
//
// Reading a canvas back would change how the browser handles it, so the pixels are inspected before they are drawn.
(() => {
  /** Number of newest columns to inspect; a mark leaves them before the next one. */
  const COLUMNS = 8;
  const marks = [];
  let shown = false;
  let ground = [];

  /** The colours of panel, grid and axis, as numbers: a pixel of another colour belongs to a series. */
  const groundColors = () => {
    const style = getComputedStyle(document.documentElement);
    return ['--panel', '--grid', '--axis'].map((name) => parseInt(style.getPropertyValue(name).trim().slice(1), 16));
  };

  /** Returns true if a line crosses the upper quarter of the newest columns. */
  const isHigh = ({ data, width, height }) => {
    const row = Math.floor(height / 4) * width;
    for (let x = width - COLUMNS; x < width; x += 1) {
      const at = 4 * (row + x);
      if (!ground.includes((data[at] << 16) | (data[at + 1] << 8) | data[at + 2])) return true;
    }
    return false;
  };

  const putImageData = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (image, ...place) {
    putImageData.call(this, image, ...place);
    if (this.canvas.closest('[data-group="marker"]') === null) return;
    if (ground.length === 0) ground = groundColors();
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
