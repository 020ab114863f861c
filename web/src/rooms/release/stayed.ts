/** What stayed with us and may go to a partner now, and what may be named as the ground for letting it go. */
import * as api from '../../api/node';
import type { PolicyChange, Stayed } from '../../api/types';

/** An agreement by what it cites, or an adopted policy by its version. */
export type Cause = { id: string; cites: string } | { id: string; version: number };
export type Found = { items: Stayed[]; more: boolean; causes: Cause[] };

/** Looks through so many pages of our newest records; most of a busy node's went long ago. */
export async function look(partner: string, pages: number): Promise<Found> {
  if (!partner) return { items: [], more: false, causes: [] };
  const items: Stayed[] = [];
  let next: number | null | undefined;
  for (let page = 0; page < pages && next !== null; page += 1) {
    const one = await api.release.stayed(partner, next);
    items.push(...one.items);
    next = one.next;
  }
  return { items, more: next !== null, causes: await causes(partner) };
}

/** Agreements in force with the partner, and the policies adopted here. */
async function causes(partner: string): Promise<Cause[]> {
  const [agreements, changes] = await Promise.all([api.release.agreements(), api.records.ofKind<PolicyChange>('policy-change')]);
  const standing = agreements.filter((a) => a.in_force && a.agreement.partner === partner);
  const adopted = changes.filter(({ record }) => record.step === 'adopted');
  return [
    ...standing.map(({ agreement: { id, cites } }) => ({ id, cites })),
    ...adopted.map(({ record }) => ({ id: record.id, version: record.policy_version })),
  ];
}
