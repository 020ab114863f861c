/**
 * Where the glossary's pairs are from.  `official`: the body that owns the word publishes both languages, or the
 * law has a published English translation.  `usual`: each language's word is the one its own source uses, and
 * the pairing is ours.
 */
export const SOURCES = {
  renkei: { en: 'Renkei, CONTEXT.md', ja: 'Renkei「CONTEXT.md」' },
  dod: { en: 'DOD Dictionary of Military and Associated Terms', ja: '米国防省軍事用語辞典' },
  aap06: { en: 'NATO AAP-06, Glossary of Terms and Definitions', ja: 'NATO AAP-06 用語集' },
  acp121: { en: 'ACP 121, Communication Instructions General', ja: 'ACP 121 通信一般規則' },
  adatp: { en: 'NATO ADatP-4774, Confidentiality Metadata Label Syntax', ja: 'NATO ADatP-4774 機密区分ラベル構文' },
  sdf: { en: 'Self-Defense Forces Act (自衛隊法)', ja: '自衛隊法' },
  white: { en: 'Defense of Japan (annual white paper, both languages)', ja: '防衛白書（和英両版）' },
  secrets: { en: 'Act on the Protection of Specially Designated Secrets', ja: '特定秘密の保護に関する法律' },
  archives: { en: 'Public Records and Archives Management Act', ja: '公文書等の管理に関する法律' },
  acsa: { en: 'Japan–U.S. Acquisition and Cross-Servicing Agreement', ja: '日米物品役務相互提供協定' },
  sofa: { en: 'Japan–U.S. Status of Forces Agreement', ja: '日米地位協定' },
  basic: { en: 'Basic Act on Disaster Management', ja: '災害対策基本法' },
  cabinet: { en: 'Cabinet Office, Disaster Management in Japan (both languages)', ja: '内閣府「日本の災害対策」（和英両版）' },
  jma: { en: 'Japan Meteorological Agency, pages on warnings and earthquakes (both languages)', ja: '気象庁「警報・地震津波情報」（和英両版）' },
  undrr: { en: 'UNDRR, Sendai Framework Terminology', ja: '国連防災機関「仙台防災枠組用語集」' },
  nims: { en: 'FEMA, National Incident Management System', ja: '米国 FEMA「国家インシデント管理体系」' },
} as const;

export type SourceKey = keyof typeof SOURCES;
export type Trade = 'watch' | 'logistics' | 'disclosure' | 'disaster';
export const TRADES: readonly Trade[] = ['watch', 'logistics', 'disclosure', 'disaster'];
/** `official` and `usual` as above; the date is when the pair was last compared with its source's usage. */
export type Basis = 'official' | 'usual';
export type Term = {
  id: string;
  trade: Trade;
  en: string;
  /** Other English spellings and abbreviations found in texts. */
  also: readonly string[];
  ja: string;
  kana: string;
  note: { en: string; ja: string };
  source: SourceKey;
  basis: Basis;
};
