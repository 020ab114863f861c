/** Where hazards are: the regions of tsunami reports, by the codes that reports use. */
import type { Geometry, Hazard, HazardArea } from '../../../api/types';
import regions from '../../../generated/regions.json';
import { byGravity } from '../../../lib/hazards';

const REGIONS = new Map(regions.features.map((f) => [f.id, f.geometry as Geometry]));

/** A tsunami's regions as far as they are known, the gravest first, each with its shape; none of anything else. */
export function regionsOf(hazard: Hazard): { area: HazardArea; shape: Geometry }[] {
  if (hazard.type !== 'tsunami') return [];
  return byGravity(hazard.areas ?? []).flatMap((area) => {
    const shape = REGIONS.get(area.code);
    return shape ? [{ area, shape }] : [];
  });
}
