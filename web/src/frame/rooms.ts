/** The rooms of the rail: where they lie, which key goes there, and what they hold. */
import type { Permission } from '../api/types';
import type { Dictionary } from '../i18n/en';

export type Room = {
  path: string;
  name: keyof Pick<Dictionary['nav'], 'attention' | 'board' | 'log' | 'picture' | 'tasks' | 'decisions' | 'partners' | 'structure' | 'plans' | 'release' | 'report' | 'glossary' | 'audit' | 'accounts'>;
  key: string;
  /** First parts of the addresses that belong to this room. */
  holds: readonly string[];
  needs?: Permission;
  icon: string;
};

export const ROOMS: readonly Room[] = [
  { path: 'attention', name: 'attention', key: 'm', holds: ['attention'], icon: 'M10 2.5a5 5 0 0 0-5 5V11l-1.5 3h13L15 11V7.5a5 5 0 0 0-5-5zM8 16.5a2 2 0 0 0 4 0' },
  { path: 'board', name: 'board', key: 'b', holds: ['board', 'requests', 'incidents', ''], icon: 'M3 4h4v12H3zM9 4h4v8H9zM15 4h2.5v5H15z' },
  { path: 'log', name: 'log', key: 'l', holds: ['log', 'handover'], icon: 'M5 3h10v14H5zM8 7h4M8 10h4M8 13h2M3 6h2M3 10h2M3 14h2' },
  { path: 'picture', name: 'picture', key: 'p', holds: ['picture'], icon: 'M3 5l5-2 4 2 5-2v12l-5 2-4-2-5 2zM8 3v12M12 5v12' },
  { path: 'tasks', name: 'tasks', key: 't', holds: ['tasks'], icon: 'M3 5l1.5 1.5L7 4M3 11l1.5 1.5L7 10M10 5.5h7M10 11.5h7M10 16h7M3.5 16H6' },
  { path: 'decisions', name: 'decisions', key: 'd', holds: ['decisions'], icon: 'M10 17V9M10 9L5 4M10 9l5-5M5 8V4h4M15 8V4h-4' },
  { path: 'structure', name: 'structure', key: 's', holds: ['structure'], icon: 'M7 3h6v4H7zM2.5 13h6v4h-6zM11.5 13h6v4h-6zM10 7v3M5.5 13v-3h9v3' },
  { path: 'plans', name: 'plans', key: 'k', holds: ['plans'], icon: 'M3 4h5v4H3zM12 12h5v4h-5zM8 6h5.5v6M3 14h5M5.5 11.5L8 14l-2.5 2.5' },
  { path: 'release', name: 'release', key: 'e', holds: ['release'], icon: 'M3 10h9M9 6l4 4-4 4M13 3h4v14h-4' },
  { path: 'report', name: 'report', key: 'r', holds: ['report'], icon: 'M5 7V3h10v4M5 14H3V7h14v7h-2M6 11.5h8V17H6z' },
  { path: 'glossary', name: 'glossary', key: 'y', holds: ['glossary'], icon: 'M10 5c-2-1.5-4.5-1.5-7-1v11c2.5-.5 5-.5 7 1 2-1.5 4.5-1.5 7-1V4c-2.5-.5-5-.5-7 1zM10 5v11' },
  { path: 'partners', name: 'partners', key: 'n', holds: ['partners'], icon: 'M8 12l4-4M7 9l-2.5 2.5a2.8 2.8 0 0 0 4 4L11 13M9 7l2.5-2.5a2.8 2.8 0 0 1 4 4L13 11' },
  { path: 'audit', name: 'audit', key: 'a', holds: ['audit'], needs: 'audit.read', icon: 'M10 2.5l6 2.2v4.6c0 4-2.6 6.7-6 8.2-3.4-1.5-6-4.2-6-8.2V4.7zM7.5 9.8l2 2 3.5-3.8' },
  { path: 'accounts', name: 'accounts', key: 'o', holds: ['accounts'], needs: 'account.manage', icon: 'M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 16.5c0-3 2.5-5 5.5-5s5.5 2 5.5 5M13 4.2a2.7 2.7 0 0 1 0 5M14.5 12c2 .6 3.5 2.2 3.5 4.5' },
];
