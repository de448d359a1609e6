// Chart.js without parsing or animation, decimated to minimum and maximum of each pixel. It accepts samples only as objects,
// which are created once, on arrival.
import { COLORS, GRID, TEXT, settings, start, timeLabel } from '../wall.js';

const { room, rows, series, windowSeconds } = settings;

/** Rows beyond the window before they are removed; removing is rare, since it moves all others. */
const SLACK = Math.max(100, rows / 10);

const axis = (size, side, ticks) => ({
  type: 'linear',
  afterFit: (scale) => (scale[side] = size),
  grid: { color: GRID, drawTicks: false },
  ticks: { color: TEXT, maxRotation: 0, ...ticks },
});

start((element) => {
  const canvas = document.createElement('canvas');
  element.append(canvas);
  const points = Array.from({ length: series }, () => []);
  const line = (data, number) => ({ data, borderColor: COLORS[number % COLORS.length], borderWidth: 1 });
  const chart = new Chart(canvas, {
    type: 'line',
    data: { datasets: points.map(line) },
    options: {
      animation: false,
      parsing: false,
      normalized: true,
      spanGaps: true,
      maintainAspectRatio: false,
      devicePixelRatio: 1,
      events: [],
      layout: { padding: { top: room.top, right: room.right } },
      elements: { point: { radius: 0, hitRadius: 0, hoverRadius: 0 }, line: { tension: 0 } },
      scales: { x: axis(room.bottom, 'height', { callback: timeLabel }), y: axis(room.left, 'width') },
      plugins: {
        decimation: { enabled: true, algorithm: 'min-max' },
        legend: { display: false },
        title: { display: false },
        tooltip: { enabled: false },
      },
    },
  });
  return {
    append(times, columns) {
      columns.forEach((column, number) => {
        const own = points[number];
        for (let row = 0; row < times.length; row += 1) own.push({ x: times[row], y: column[row] });
        if (own.length > rows + SLACK) own.splice(0, own.length - rows);
      });
    },
    draw() {
      const max = points[0].at(-1).x;
      // Reset the data, since the decimation would otherwise reuse its previous result.
      points.forEach((own, number) => (chart.data.datasets[number].data = own));
      Object.assign(chart.options.scales.x, { min: max - windowSeconds, max });
      chart.update('none');
    },
  };
});
