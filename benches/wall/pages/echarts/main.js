// ECharts with typed arrays of pairs, which it neither parses nor clones; with its own sampling, without animation or events.
import { COLORS, GRID, Sliding, TEXT, settings, start, timeLabel } from '../wall.js';

const { room, series, width, height, windowSeconds } = settings;
const axis = (label) => ({
  type: 'value',
  splitLine: { lineStyle: { color: GRID } },
  axisLabel: { color: TEXT, hideOverlap: true, ...label },
});

start((element) => {
  const pairs = Array.from({ length: series }, () => new Sliding(2));
  const chart = echarts.init(element, null, { renderer: 'canvas', devicePixelRatio: 1, width, height });
  const line = (_, number) => ({
    type: 'line',
    dimensions: ['time', 'value'],
    data: new Float64Array(),
    sampling: 'lttb',
    showSymbol: false,
    silent: true,
    animation: false,
    emphasis: { disabled: true },
    lineStyle: { color: COLORS[number % COLORS.length], width: 1 },
  });
  chart.setOption({
    animation: false,
    grid: { ...room, outerBoundsMode: 'none' },
    tooltip: { show: false },
    xAxis: axis({ formatter: timeLabel }),
    yAxis: axis({}),
    series: pairs.map(line),
  });
  return {
    append(times, columns) {
      columns.forEach((column, number) => {
        const room = pairs[number].extend(2 * times.length);
        for (let row = 0; row < times.length; row += 1) {
          room[2 * row] = times[row];
          room[2 * row + 1] = column[row];
        }
      });
    },
    draw() {
      const max = pairs[0].view().at(-2);
      const data = pairs.map((own) => ({ data: own.view() }));
      chart.setOption({ xAxis: { min: max - windowSeconds, max }, series: data }, { silent: true });
    },
  };
});
