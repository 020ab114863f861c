/** What the attachments' part says, in both languages. */
const en = {
  title: 'Attachments',
  none: 'Nothing is attached.',
  add: 'Attach a file',
  file: 'File',
  save: 'Save',
  notHere: 'The content has not come yet.',
  notScanned: 'This node does not scan attachments: take care with what you open.',
  sending: (percent: number) => `Sending: ${percent} %`,
  again: 'Go on',
};
const ja: typeof en = {
  title: '添付',
  none: '添付はありません。',
  add: 'ファイルを添付',
  file: 'ファイル',
  save: '保存',
  notHere: '内容はまだ届いていません。',
  notScanned: 'このノードは添付を検査していません。開く際は注意してください。',
  sending: (percent: number) => `送信中：${percent}％`,
  again: '続きから送信',
};
export const words = { en, ja };
