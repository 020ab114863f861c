/**
 * Names on the map, so that a watch officer knows where a shape lies.  Public geography; `from` is the
 * scale (pixels a degree) at which a name appears, so that names never crowd.
 */
export type Place = { en: string; ja: string; lon: number; lat: number; from: number };

export const PLACES: readonly Place[] = [
  { en: 'Hokkaido', ja: '北海道', lon: 142.8, lat: 43.4, from: 0 },
  { en: 'Honshu', ja: '本州', lon: 138.0, lat: 36.1, from: 0 },
  { en: 'Shikoku', ja: '四国', lon: 133.4, lat: 33.7, from: 24 },
  { en: 'Kyushu', ja: '九州', lon: 131.0, lat: 32.6, from: 0 },
  { en: 'Izu Islands', ja: '伊豆諸島', lon: 139.9, lat: 33.6, from: 24 },
  { en: 'Ogasawara', ja: '小笠原諸島', lon: 142.3, lat: 27.0, from: 0 },
  { en: 'Amami', ja: '奄美大島', lon: 129.6, lat: 28.3, from: 24 },
  { en: 'Okinawa', ja: '沖縄本島', lon: 128.3, lat: 26.6, from: 0 },
  { en: 'Miyakojima', ja: '宮古島', lon: 125.42, lat: 24.86, from: 34 },
  { en: 'Ishigakijima', ja: '石垣島', lon: 124.3, lat: 24.55, from: 60 },
  { en: 'Iriomotejima', ja: '西表島', lon: 123.82, lat: 24.22, from: 110 },
  { en: 'Yonaguni', ja: '与那国島', lon: 123.0, lat: 24.53, from: 34 },
  { en: 'Tanegashima', ja: '種子島', lon: 131.05, lat: 30.6, from: 60 },
  { en: 'Tokyo', ja: '東京', lon: 139.75, lat: 35.75, from: 34 },
  { en: 'Taiwan', ja: '台湾', lon: 121.0, lat: 23.8, from: 0 },
  { en: 'Korea', ja: '朝鮮半島', lon: 127.8, lat: 37.0, from: 0 },
  { en: 'East China Sea', ja: '東シナ海', lon: 125.2, lat: 29.3, from: 0 },
  { en: 'Sea of Japan', ja: '日本海', lon: 134.6, lat: 39.8, from: 0 },
  { en: 'Pacific Ocean', ja: '太平洋', lon: 144.5, lat: 33.0, from: 0 },
];
