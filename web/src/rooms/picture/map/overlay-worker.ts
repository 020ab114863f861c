/** The worker that draws the symbols: everything is in `drawing.ts`. */
import { Drawing, type Ask } from './drawing';

const scope = self as unknown as { fonts: FontFaceSet; onmessage: (event: MessageEvent<Ask>) => void; postMessage: (message: unknown, transfer?: Transferable[]) => void };
const drawing = new Drawing(scope.fonts, () => scope.postMessage('again'));

scope.onmessage = ({ data }) => {
  const answer = drawing.draw(data);
  scope.postMessage(answer, [answer.image]);
};
