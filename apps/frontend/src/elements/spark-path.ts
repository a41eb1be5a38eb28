// The path of a sparkline.

interface Box {
  readonly width: number;
  readonly height: number;
}

/** The path of these values in a box, from zero to the largest; null breaks it, a lone value is a dot. */
export function sparkPath(values: readonly (number | null)[], box: Box, most?: number): string {
  const top = most ?? Math.max(1e-9, ...values.map((value) => value ?? 0));
  const step = box.width / Math.max(1, values.length - 1);
  let path = "";
  let open = false;
  values.forEach((value, index) => {
    if (value === null) {
      open = false;
      return;
    }
    const x = (index * step).toFixed(1);
    const y = (box.height - 1 - (value / top) * (box.height - 2)).toFixed(1);
    path += open ? `L${x} ${y}` : `M${x} ${y}h.1`;
    open = true;
  });
  return path;
}
