/** Words of the glossary's page and hints, in both languages. */
const en = {
  title: 'Glossary',
  how: 'Words of the trade in both languages. In texts they are underlined with dots: point at one, or move there with Tab. No professional translator has reviewed them yet.',
  find: 'Find a word',
  trade: 'Trade',
  trades: { watch: 'Watch-keeping', logistics: 'Logistics', disclosure: 'Disclosure', disaster: 'Disaster response' },
  english: 'English',
  japanese: 'Japanese',
  meaning: 'Meaning',
  source: 'Source',
  basis: { official: 'official pair', usual: 'usual pair' },
  count: (shown: number, all: number) => `${shown} of ${all}`,
};

const ja: typeof en = {
  title: '用語集',
  how: '業務用語の日英対照です。本文中では点線の下線で示します。ポインターを合わせるか、Tab キーで移動すると意味を表示します。専門の翻訳者による確認はまだ受けていません。',
  find: '用語を検索',
  trade: '業務',
  trades: { watch: '当直', logistics: '後方支援', disclosure: '情報提供・保全', disaster: '災害対応' },
  english: '英語',
  japanese: '日本語',
  meaning: '意味',
  source: '出典',
  basis: { official: '公式の対訳', usual: '慣用の対訳' },
  count: (shown, all) => `全${all}語中${shown}語`,
};

export const glossary = { en, ja };
