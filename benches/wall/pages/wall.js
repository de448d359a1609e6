// Shared by the peers' pages: the feed, a sliding buffer, and a redraw of changed charts once per display frame.

const query = new URLSearchParams(location.search);
const number = (name) => Number(query.get(name));

/** Settings from the page's address. */
export const settings = {
  series: number('series'),
  windowSeconds: number('window'),
  rows: number('window') * number('hz'),
  width: number('width'),
  height: number('height'),
  /** Margins of a plot for labels, as on our page. */
  room: { left: 66, right: 10, top: 8, bottom: 20 },
};

export const COLORS = ['#5cc8f5', '#ffa630', '#35c98e', '#f287c5', '#f2e05c', '#6f9bff', '#ff7a59', '#b7c3cf'];
export const GRID = '#202a35';
export const TEXT = '#93a1b0';

/** Formats a time on an axis cheaply. */
export const timeLabel = (seconds) => `:${Math.round(seconds % 60)}`;

/** The longest block of the feed. */
const BLOCK_ROWS = 1000;

/** The newest rows, `width` numbers each, contiguous. Allocates only when created. */
export class Sliding {
  constructor(width = 1) {
    this.limit = settings.rows * width;
    this.memory = new Float64Array(2 * this.limit + BLOCK_ROWS * width);
    this.start = 0;
    this.end = 0;
  }

  /** Appends `count` numbers, which the caller writes to the returned view. */
  extend(count) {
    if (this.end + count > this.memory.length) {
      this.memory.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    const room = this.memory.subarray(this.end, this.end + count);
    this.end += count;
    this.start = Math.max(this.start, this.end - this.limit);
    return room;
  }

  view() {
    return this.memory.subarray(this.start, this.end);
  }
}

/**
 * Creates a chart for each group, appends its rows, and draws charts with new rows once per display frame.
 *
 * @param makeChart returns an object with `append(times, columns)` and `draw()` for an element
 */
export function start(makeChart) {
  const wall = document.getElementById('wall');
  const charts = new Map();
  const changed = new Set();
  window.wall = { samples: 0 };

  const chartOf = (group) => {
    if (!charts.has(group)) {
      const element = document.createElement('div');
      element.style.width = `${settings.width}px`;
      element.style.height = `${settings.height}px`;
      wall.append(element);
      charts.set(group, makeChart(element));
    }
    return charts.get(group);
  };

  const draw = () => {
    for (const chart of changed) chart.draw();
    changed.clear();
  };

  const socket = new WebSocket(`ws://${query.get('feed')}/`);
  socket.binaryType = 'arraybuffer';
  socket.onmessage = ({ data }) => {
    if (changed.size === 0) requestAnimationFrame(draw);
    for (let at = 0; at < data.byteLength; ) {
      const [group, rows] = new Uint32Array(data, at, 2);
      at += 8;
      const column = () => {
        const numbers = new Float64Array(data, at, rows);
        at += numbers.byteLength;
        return numbers;
      };
      const chart = chartOf(group);
      chart.append(column(), Array.from({ length: settings.series }, column));
      changed.add(chart);
      window.wall.samples += rows * settings.series;
    }
  };
}
