/**
 * A number as both languages write it: thousands apart by commas, at most three decimals.
 *
 * `toLocaleString` gives the same, after loading what the browser knows of its locale: 60 ms of a first load.
 */
export function figure(n: number): string {
  const [whole = '', rest] = String(Math.round(n * 1000) / 1000).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}
