/** Signs beside words on lanes and plots, so that nothing is told by colour alone. */
export const SIGNS = {
  handling: '■',
  translation: '⇄',
  review: '◎',
  decision: '★',
  single: '▲',
  assumed: '≈',
  back: '↩',
  standIn: '⇢',
  bottleneck: '◀',
} as const;
