import { describe, expect, it } from 'vitest';

import { figure } from '../src/lib/figure';

describe('a figure', () => {
  it.each([0, 7, 999, 1000, -1000, 54_321, 1_234_567.25, 0.125, -0.5, 12.3456])('is written as the browser would: %d', (n) => {
    expect(figure(n)).toBe(n.toLocaleString('en'));
    expect(figure(n)).toBe(n.toLocaleString('ja'));
  });
});
