// The floor: twelve canvases as large as our plots, a pixel put into each every frame, and nothing else.
const query = new URLSearchParams(location.search);

const contexts = Array.from({ length: 12 }, () => {
  const canvas = document.createElement('canvas');
  canvas.width = Number(query.get('width'));
  canvas.height = Number(query.get('height'));
  document.getElementById('wall').append(canvas);
  return canvas.getContext('2d');
});

const pixel = new ImageData(1, 1);

function draw() {
  // Another colour each time, or there would be nothing to show.
  pixel.data.fill(pixel.data[0] + 1);
  for (const context of contexts) context.putImageData(pixel, 0, 0);
  requestAnimationFrame(draw);
}

requestAnimationFrame(draw);
