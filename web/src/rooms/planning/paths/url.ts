/** What the address says of the page: which description, which kind, and how it is simulated.  Pure. */
export type Asked = { from: '' | 'reference' | 'example'; kind: string; seed: number; runs: number; requests: number; simulated: boolean; log: boolean };

const USUAL = { seed: 1, runs: 20, requests: 500 } as const;

export function asked(query: URLSearchParams): Asked {
  const from = query.get('from');
  const number = (name: keyof typeof USUAL): number => {
    const given = Number(query.get(name) ?? NaN);
    return Number.isSafeInteger(given) && given >= 0 ? given : USUAL[name];
  };
  return {
    from: from === 'reference' || from === 'example' ? from : '',
    kind: query.get('kind') ?? '',
    seed: number('seed'),
    runs: number('runs'),
    requests: number('requests'),
    simulated: query.get('simulated') === '1',
    log: query.get('log') === '1',
  };
}

/** Only what differs from the usual is written out. */
export function queryOf(wanted: Asked): string {
  const query = new URLSearchParams();
  if (wanted.from) query.set('from', wanted.from);
  if (wanted.kind) query.set('kind', wanted.kind);
  for (const name of ['seed', 'runs', 'requests'] as const) if (wanted[name] !== USUAL[name]) query.set(name, String(wanted[name]));
  if (wanted.log) query.set('log', '1');
  if (wanted.from && wanted.simulated) query.set('simulated', '1');
  return query.size ? `?${query.toString()}` : '';
}
