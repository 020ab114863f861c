/** Sending a file in pieces: a piece that did not arrive is sent again from where the node stands. */
import { get, idPath, post, Problem, problemOf, query } from '../api/client';
import type { Label, RecordBase, RecordView, Text, TextIn } from '../api/types';

const BASE = '/api/v1';
/** Chunks of 64 KiB in one piece: 4 MiB, half of what the node takes at once. */
const PIECE_CHUNKS = 64;
/** One piece over a thin line: 4 MiB at 256 kbit/s take over two minutes. */
const PIECE_TIMEOUT_MS = 180_000;

export type Upload = { id: string; received: number; size: number; chunk: number };
type FileRecord = RecordBase & { size: number; name?: Text };
/** How far a content is at this node; the first three are on their way. */
export type ContentState = 'awaited' | 'coming' | 'checking' | 'here' | 'quarantined' | 'refused' | 'gone';
export type Attached = { attachment: RecordView<FileRecord>; here: boolean; state: ContentState; received: number };
export const onItsWay = (item: Attached): boolean => ['awaited', 'coming', 'checking'].includes(item.state);
export type Attachments = { items: Attached[]; scanned: boolean };

export const list = (about: string): Promise<Attachments> => get<Attachments>('/attachments' + query({ about }));
export const address = (id: string): string => `${BASE}/attachments${idPath(id)}/content`;

/** Where an upload that broke off is remembered, for as long as the tab is open: the file itself must be chosen again. */
const placeOf = (file: File, about: string): string => `renkei.upload|${about}|${file.name}|${file.size}|${file.lastModified}`;

/** A new upload, or the one of the same file to the same record that broke off, if the node still has it. */
export async function begin(file: File, name: TextIn, label: Label, about: string): Promise<Upload> {
  const known = sessionStorage.getItem(placeOf(file, about));
  const before = known ? await get<Upload>(`/attachments/uploads/${known}`).catch(() => null) : null;
  if (before) return before;
  const upload = await post<Upload>('/attachments/uploads', { name, size: file.size, label, about, media: file.type });
  sessionStorage.setItem(placeOf(file, about), upload.id);
  return upload;
}

/** From wherever the node stands to the end; `told` is called with the bytes that have arrived. */
export async function send(file: File, upload: Upload, about: string, told: (received: number) => void): Promise<void> {
  const where = `/attachments/uploads/${upload.id}`;
  let { received } = await get<Upload>(where);
  while (received < file.size) {
    const piece = file.slice(received, received + PIECE_CHUNKS * upload.chunk);
    ({ received } = await put(where + query({ offset: String(received) }), piece));
    told(received);
  }
  await post(`${where}/end`);
  sessionStorage.removeItem(placeOf(file, about));
}

async function put(where: string, piece: Blob): Promise<Upload> {
  const headers = { 'X-Renkei': '1', 'Content-Type': 'application/octet-stream' };
  const signal = AbortSignal.timeout(PIECE_TIMEOUT_MS);
  let answer: Response;
  try {
    answer = await fetch(BASE + where, { method: 'PUT', headers, credentials: 'same-origin', body: piece, signal });
  } catch {
    throw new Problem(0, 'node.unreachable', 'The node does not answer', 'an answer from the node', 'none');
  }
  if (!answer.ok) throw await problemOf(answer);
  return (await answer.json()) as Upload;
}
