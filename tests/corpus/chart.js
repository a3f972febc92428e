import { axis } from "./axis.js";

// Draws the night's temperature curve.
export function drawCurve(points) {
  return points.map((p) => axis.place(p));
}

export const coldest = (points) => Math.min(...points.map((p) => p.celsius));

class Legend {
  title() {
    return "Temperature in the dome";
  }
}
