/** Ink that can be read on a policy's colour (WCAG 2.2, relative luminance and contrast ratio). */

/** Pure black and white: the better of the two is at least 4.58 to 1 on any colour; softer inks are not. */
const INKS = ['#000000', '#ffffff'] as const;

/** sRGB channels of `#rgb` or `#rrggbb`, or null for anything else (a colour by name). */
export function channels(colour: string): [number, number, number] | null {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour)?.[1];
  if (!hex) return null;
  const full = hex.length === 3 ? [...hex].map((c) => c + c).join('') : hex;
  return [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16)) as [number, number, number];
}

function luminance([r, g, b]: [number, number, number]): number {
  const linear = (c: number): number => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

export function contrast(a: string, b: string): number {
  const [x, y] = [channels(a), channels(b)];
  if (!x || !y) return 1;
  const [light, dark] = [luminance(x), luminance(y)].sort((m, n) => n - m) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** CSS names that SPIF policies use for markings; browsers know more, policies rarely do. */
const NAMED: Record<string, string> = {
  green: '#008000',
  blue: '#0000ff',
  red: '#ff0000',
  orange: '#ffa500',
  yellow: '#ffff00',
  purple: '#800080',
  white: '#ffffff',
  black: '#000000',
  grey: '#808080',
  gray: '#808080',
};

/** How far apart two colours are, in sRGB; infinite when one cannot be read. */
export function distance(a: string, b: string): number {
  const [x, y] = [channels(NAMED[a.toLowerCase()] ?? a), channels(NAMED[b.toLowerCase()] ?? b)];
  return x && y ? Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]) : Infinity;
}

export function inkOn(colour: string): string {
  const paper = NAMED[colour.toLowerCase()] ?? colour;
  return contrast(paper, INKS[0]) >= contrast(paper, INKS[1]) ? INKS[0] : INKS[1];
}
