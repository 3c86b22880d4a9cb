"use strict";
// The viewer: slices of a CT with contours on them. It knows nothing of grades.

const WHEEL_STEP = 50; // less than a notch of a mouse wheel, much more than one event of a touch pad
const SCALE_BARS_MM = [100, 50, 20, 10];

// The longest bar that takes no more than a quarter of the canvas.
function scaleBarMm(width, pixelsPerMm) {
  return SCALE_BARS_MM.find((length) => length * pixelsPerMm <= width / 4) ?? SCALE_BARS_MM.at(-1);
}

class Viewer {
  // study: sizes, letters and windows as page.py writes them; packed: one base64 text a slice.
  constructor(canvas, study, packed) {
    this.canvas = canvas;
    this.study = study;
    this.packed = packed;
    this.levels = new Array(packed.length); // what has been unpacked, Uint16Array of rows * columns
    this.index = Math.floor(packed.length / 2);
    this.window = Object.values(study.windows_hu)[0];
    this.contours = []; // {color, active, contours: {slice: [[u, v, ...], ...]}}, what is to be drawn
    this.zoom = 1;
    this.shift = [0, 0]; // of the picture's middle from the canvas's, in screen pixels
    this.onSlice = () => {};
    this.image = new OffscreenCanvas(study.columns, study.rows);
    this.listen();
  }

  listen() {
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    let wheeled = 0;
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.ctrlKey) return this.zoomBy(Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
      wheeled += event.deltaMode === 0 ? event.deltaY : event.deltaY * WHEEL_STEP;
      if (Math.abs(wheeled) < WHEEL_STEP) return;
      this.show(this.index - Math.sign(wheeled));
      wheeled = 0;
    }, {passive: false});
    this.canvas.addEventListener("pointerdown", (event) => this.canvas.setPointerCapture(event.pointerId));
    this.canvas.addEventListener("pointermove", (event) => {
      if (!event.buttons) return;
      this.shift = [this.shift[0] + event.movementX, this.shift[1] + event.movementY];
      this.draw();
    });
    this.canvas.addEventListener("dblclick", () => this.resetZoom());
  }

  // Show a slice, or the nearest one there is.
  async show(index) {
    this.index = Math.min(Math.max(index, 0), this.packed.length - 1);
    this.onSlice(this.index);
    const wanted = this.index;
    await this.unpack(wanted);
    if (wanted === this.index) this.draw();
  }

  // Unpack every slice in the background, those near the shown one first.
  async unpackAll() {
    const near = [...this.packed.keys()].sort((a, b) => Math.abs(a - this.index) - Math.abs(b - this.index));
    for (const index of near) await this.unpack(index);
  }

  async unpack(index) {
    if (this.levels[index]) return;
    const bytes = Uint8Array.from(atob(this.packed[index]), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const content = new Uint8Array(await new Response(stream).arrayBuffer());
    const {columns, rows} = this.study;
    const levels = new Uint16Array(columns * rows);
    for (let voxel = 0, level = 0; voxel < levels.length; voxel++) {
      if (voxel % columns === 0) level = 0;
      const folded = content[voxel] | (content[levels.length + voxel] << 8); // 0, 1, 2, 3 are 0, -1, 1, -2
      level += (folded >>> 1) ^ -(folded & 1);
      levels[voxel] = level;
    }
    this.levels[index] = levels;
  }

  setWindow(range) {
    this.window = range;
    this.draw();
  }

  setContours(contours) {
    this.contours = contours;
    this.draw();
  }

  // Zoom so that the point (x, y) of the canvas, its middle by default, stays where it is.
  zoomBy(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const zoom = Math.min(Math.max(this.zoom * factor, 1), 12);
    const ratio = zoom / this.zoom;
    const fromMiddle = [x - this.canvas.clientWidth / 2, y - this.canvas.clientHeight / 2];
    this.shift = this.shift.map((shift, axis) => fromMiddle[axis] - (fromMiddle[axis] - shift) * ratio);
    this.zoom = zoom;
    if (zoom === 1) this.shift = [0, 0];
    this.draw();
  }

  resetZoom() {
    this.zoom = 1;
    this.shift = [0, 0];
    this.draw();
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    const levels = this.levels[this.index];
    if (!levels || !width || !height) return;
    const {columns, rows, spacing_mm: [across, down]} = this.study;
    const pixelsPerMm = this.zoom * Math.min(width / (columns * across), height / (rows * down));
    const voxel = [across * pixelsPerMm, down * pixelsPerMm]; // a voxel on the screen; not square where the CT's is not
    const corner = [(width - columns * voxel[0]) / 2 + this.shift[0], (height - rows * voxel[1]) / 2 + this.shift[1]];
    this.paint(levels);
    context.imageSmoothingQuality = "high";
    context.drawImage(this.image, corner[0], corner[1], columns * voxel[0], rows * voxel[1]);
    this.drawContours(context, corner, voxel);
    this.drawCaption(context, width, height, pixelsPerMm);
  }

  // The slice as grey values of the window in use.
  paint(levels) {
    const [low, high] = this.window.map((hu) => hu - this.study.lowest_hu);
    const {columns, rows} = this.study;
    const context = this.image.getContext("2d");
    const picture = context.createImageData(columns, rows);
    const greys = new Uint32Array(picture.data.buffer);
    for (let voxel = 0; voxel < levels.length; voxel++) {
      const grey = Math.min(Math.max((levels[voxel] - low) * 255 / (high - low), 0), 255) | 0;
      greys[voxel] = 0xff000000 | (grey * 0x010101);
    }
    context.putImageData(picture, 0, 0);
  }

  // Points are hundredths of a voxel from the centre of the first one, whose corner is half a voxel before.
  drawContours(context, corner, voxel) {
    context.lineJoin = "round";
    for (const {color, active, contours} of this.contours) {
      context.beginPath();
      for (const points of contours[this.index] || []) {
        for (let at = 0; at < points.length; at += 2) {
          const x = corner[0] + (points[at] / 100 + 0.5) * voxel[0];
          const y = corner[1] + (points[at + 1] / 100 + 0.5) * voxel[1];
          if (at) context.lineTo(x, y); else context.moveTo(x, y);
        }
        context.closePath();
      }
      context.lineWidth = active ? 4 : 3;
      context.strokeStyle = "rgba(0, 0, 0, 0.55)"; // a dark rim keeps the colour apart from bright bone
      context.stroke();
      context.lineWidth = active ? 2.2 : 1.3;
      context.strokeStyle = color;
      context.stroke();
    }
  }

  drawCaption(context, width, height, pixelsPerMm) {
    const {left, right, top, bottom} = this.study.letters;
    context.font = '600 15px "Segoe UI", "Helvetica Neue", Arial, sans-serif';
    context.fillStyle = "#e8edf2";
    context.shadowColor = "#000";
    context.shadowBlur = 4;
    context.textBaseline = "middle";
    context.textAlign = "center";
    context.fillText(top, width / 2, 16);
    context.fillText(bottom, width / 2, height - 16);
    context.fillText(left, 18, height / 2);
    context.fillText(right, width - 18, height / 2);
    context.textAlign = "left";
    context.fillText(`Slice ${this.index + 1} of ${this.packed.length}`, 14, 20);
    context.font = '12px "Segoe UI", "Helvetica Neue", Arial, sans-serif';
    const barMm = scaleBarMm(width, pixelsPerMm);
    context.fillText(`${barMm / 10} cm`, 14, height - 26);
    context.fillRect(14, height - 16, barMm * pixelsPerMm, 3);
  }
}
