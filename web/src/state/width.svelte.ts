/** Which of the client's three widths this is: a phone, a desk, or a desk with room for a panel at the side. */

const PHONE = matchMedia('(max-width: 640px)');
const SIDE_BY_SIDE = matchMedia('(min-width: 1240px)');

class Narrow {
  phone = $state(PHONE.matches);
  beside = $state(SIDE_BY_SIDE.matches);

  constructor() {
    PHONE.addEventListener('change', (e) => (this.phone = e.matches));
    SIDE_BY_SIDE.addEventListener('change', (e) => (this.beside = e.matches));
  }
}

export const narrow = new Narrow();
