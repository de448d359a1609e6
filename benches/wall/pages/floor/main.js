// The floor: twelve canvases as large as our plots. Each display frame puts one pixel into each.
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
  // A different colour each time, so that the browser has to draw. The array limits values to 255.
  pixel.data.fill((pixel.data[0] + 1) % 256);
  for (const context of contexts) context.putImageData(pixel, 0, 0);
  requestAnimationFrame(draw);
}

requestAnimationFrame(draw);
