// uPlot with typed arrays without a copy, hairlines (its fast path), one commit per frame; no cursor, no legend.
//
// It represents holes as `null`, which typed arrays cannot hold, and a NaN removes the value axis of a chart. Therefore a hole
// repeats the previous value.
import uPlot from '../node_modules/uplot/dist/uPlot.esm.js';
import { COLORS, GRID, Sliding, TEXT, settings, start } from '../wall.js';

const { room, series, width, height, windowSeconds } = settings;
const axis = (size) => ({ size, stroke: TEXT, grid: { stroke: GRID, width: 1 }, ticks: { show: false } });

start((element) => {
  const columns = Array.from({ length: series + 1 }, () => new Sliding());
  const last = new Float64Array(series);
  const views = () => columns.map((column) => column.view());
  const line = (_, number) => ({ stroke: COLORS[number % COLORS.length], width: 1, points: { show: false } });
  const options = {
    width,
    height,
    padding: [room.top, room.right, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { auto: false } },
    axes: [axis(room.bottom), axis(room.left)],
    series: [{}, ...Array.from({ length: series }, line)],
  };
  const chart = new uPlot(options, views(), element);
  return {
    append(times, values) {
      columns[0].extend(times.length).set(times);
      values.forEach((column, number) => {
        const room = columns[number + 1].extend(column.length);
        for (let row = 0; row < column.length; row += 1) {
          if (!Number.isNaN(column[row])) last[number] = column[row];
          room[row] = last[number];
        }
      });
    },
    draw() {
      const data = views();
      const max = data[0].at(-1);
      chart.batch(() => {
        chart.setData(data, false);
        chart.setScale('x', { min: max - windowSeconds, max });
      });
    },
  };
});
