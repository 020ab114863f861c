/**
 * Names on the map, in both languages: a small table kept by hand.
 *
 * Japanese names are those of the Geospatial Information Authority of Japan's maps (地理院地図), readings those of the
 * municipalities; English follows the Authority's rule for romanised names on maps (suffix kept: Ishigakijima).
 * Coordinates are rounded to about 0.01 degree, for placing a name; tests hold every island to its land.
 * `from`: pixels a degree of longitude from which the name is shown.  `sea` names are set in italics.
 */
export type Place = { en: string; ja: string; lon: number; lat: number; from: number; sea?: boolean; town?: boolean };

const ISLANDS: readonly Place[] = [
  { en: 'Tanegashima', ja: '種子島', lon: 130.98, lat: 30.6, from: 45 },
  { en: 'Yakushima', ja: '屋久島', lon: 130.52, lat: 30.35, from: 45 },
  { en: 'Mageshima', ja: '馬毛島', lon: 130.85, lat: 30.74, from: 160 },
  { en: 'Kuchinoerabujima', ja: '口永良部島', lon: 130.21, lat: 30.46, from: 160 },
  { en: 'Takeshima', ja: '竹島（三島村）', lon: 130.42, lat: 30.81, from: 220 },
  { en: 'Iojima', ja: '硫黄島（三島村）', lon: 130.29, lat: 30.79, from: 220 },
  { en: 'Kuroshima', ja: '黒島（三島村）', lon: 129.94, lat: 30.83, from: 220 },
  { en: 'Tokara Islands', ja: 'トカラ列島', lon: 129.3, lat: 29.3, from: 60 },
  { en: 'Kuchinoshima', ja: '口之島', lon: 129.92, lat: 29.97, from: 200 },
  { en: 'Nakanoshima', ja: '中之島', lon: 129.86, lat: 29.85, from: 160 },
  { en: 'Suwanosejima', ja: '諏訪之瀬島', lon: 129.71, lat: 29.63, from: 160 },
  { en: 'Akusekijima', ja: '悪石島', lon: 129.6, lat: 29.46, from: 160 },
  { en: 'Takarajima', ja: '宝島', lon: 129.21, lat: 29.14, from: 160 },
  { en: 'Amami Oshima', ja: '奄美大島', lon: 129.42, lat: 28.33, from: 34 },
  { en: 'Kikaijima', ja: '喜界島', lon: 129.97, lat: 28.32, from: 110 },
  { en: 'Tokunoshima', ja: '徳之島', lon: 128.95, lat: 27.8, from: 60 },
  { en: 'Okinoerabujima', ja: '沖永良部島', lon: 128.6, lat: 27.37, from: 90 },
  { en: 'Yoronjima', ja: '与論島', lon: 128.43, lat: 27.04, from: 110 },
  { en: 'Iheyajima', ja: '伊平屋島', lon: 127.96, lat: 27.04, from: 160 },
  { en: 'Izenajima', ja: '伊是名島', lon: 127.94, lat: 26.93, from: 200 },
  { en: 'Iejima', ja: '伊江島', lon: 127.79, lat: 26.72, from: 160 },
  { en: 'Okinawajima', ja: '沖縄島', lon: 128.0, lat: 26.55, from: 20 },
  { en: 'Aguni', ja: '粟国島', lon: 127.23, lat: 26.59, from: 160 },
  { en: 'Tonaki', ja: '渡名喜島', lon: 127.14, lat: 26.37, from: 200 },
  { en: 'Kerama Islands', ja: '慶良間列島', lon: 127.3, lat: 26.19, from: 110 },
  { en: 'Kumejima', ja: '久米島', lon: 126.76, lat: 26.35, from: 90 },
  { en: 'Kitadaitojima', ja: '北大東島', lon: 131.3, lat: 25.95, from: 110 },
  { en: 'Minamidaitojima', ja: '南大東島', lon: 131.24, lat: 25.85, from: 60 },
  { en: 'Miyakojima', ja: '宮古島', lon: 125.33, lat: 24.79, from: 34 },
  { en: 'Irabujima', ja: '伊良部島', lon: 125.18, lat: 24.83, from: 200 },
  { en: 'Taramajima', ja: '多良間島', lon: 124.69, lat: 24.66, from: 110 },
  { en: 'Ishigakijima', ja: '石垣島', lon: 124.2, lat: 24.44, from: 45 },
  { en: 'Taketomijima', ja: '竹富島', lon: 124.09, lat: 24.33, from: 300 },
  { en: 'Kohamajima', ja: '小浜島', lon: 123.98, lat: 24.34, from: 300 },
  { en: 'Kuroshima', ja: '黒島', lon: 124.01, lat: 24.24, from: 300 },
  { en: 'Iriomotejima', ja: '西表島', lon: 123.82, lat: 24.34, from: 90 },
  { en: 'Haterumajima', ja: '波照間島', lon: 123.79, lat: 24.06, from: 110 },
  { en: 'Yonagunijima', ja: '与那国島', lon: 123.0, lat: 24.455, from: 34 },
  { en: 'Uotsurijima', ja: '魚釣島', lon: 123.47, lat: 25.745, from: 110 },
];

const LANDS: readonly Place[] = [
  { en: 'Hokkaido', ja: '北海道', lon: 142.8, lat: 43.4, from: 0 },
  { en: 'Honshu', ja: '本州', lon: 138.0, lat: 36.1, from: 0 },
  { en: 'Shikoku', ja: '四国', lon: 133.4, lat: 33.7, from: 24 },
  { en: 'Kyushu', ja: '九州', lon: 131.0, lat: 32.6, from: 0 },
  { en: 'Osumi Islands', ja: '大隅諸島', lon: 130.2, lat: 30.55, from: 24 },
  { en: 'Amami Islands', ja: '奄美群島', lon: 130.3, lat: 27.95, from: 24 },
  { en: 'Okinawa Islands', ja: '沖縄諸島', lon: 126.9, lat: 26.85, from: 40 },
  { en: 'Daito Islands', ja: '大東諸島', lon: 131.5, lat: 25.5, from: 24 },
  { en: 'Miyako Islands', ja: '宮古列島', lon: 125.5, lat: 24.5, from: 60 },
  { en: 'Yaeyama Islands', ja: '八重山列島', lon: 124.2, lat: 23.95, from: 60 },
  { en: 'Senkaku Islands', ja: '尖閣諸島', lon: 123.6, lat: 25.9, from: 60 },
  { en: 'Goto Islands', ja: '五島列島', lon: 128.8, lat: 32.7, from: 45 },
  { en: 'Tsushima', ja: '対馬', lon: 129.3, lat: 34.35, from: 45 },
  { en: 'Sado', ja: '佐渡島', lon: 138.4, lat: 38.0, from: 45 },
  { en: 'Izu Islands', ja: '伊豆諸島', lon: 139.9, lat: 33.6, from: 24 },
  { en: 'Ogasawara Islands', ja: '小笠原諸島', lon: 142.3, lat: 27.0, from: 0 },
  { en: 'Taiwan', ja: '台湾', lon: 121.0, lat: 23.8, from: 0 },
  { en: 'Korean Peninsula', ja: '朝鮮半島', lon: 127.8, lat: 37.0, from: 0 },
];

const SEAS: readonly Place[] = [
  { en: 'East China Sea', ja: '東シナ海', lon: 125.0, lat: 29.3, from: 0, sea: true },
  { en: 'Sea of Japan', ja: '日本海', lon: 134.6, lat: 39.8, from: 0, sea: true },
  { en: 'Pacific Ocean', ja: '太平洋', lon: 144.5, lat: 33.0, from: 0, sea: true },
  { en: 'Philippine Sea', ja: 'フィリピン海', lon: 134.0, lat: 24.0, from: 0, sea: true },
  { en: 'Sea of Okhotsk', ja: 'オホーツク海', lon: 146.0, lat: 45.6, from: 16, sea: true },
  { en: 'Osumi Strait', ja: '大隅海峡', lon: 130.75, lat: 30.93, from: 90, sea: true },
  { en: 'Tokara Strait', ja: 'トカラ海峡', lon: 130.2, lat: 30.12, from: 90, sea: true },
  { en: 'Miyako Strait', ja: '宮古海峡', lon: 126.3, lat: 25.35, from: 45, sea: true },
  { en: 'Yonaguni Channel', ja: '与那国水道', lon: 122.45, lat: 24.35, from: 110, sea: true },
  { en: 'Tsushima Strait', ja: '対馬海峡', lon: 129.9, lat: 34.0, from: 45, sea: true },
  { en: 'Tsugaru Strait', ja: '津軽海峡', lon: 140.6, lat: 41.35, from: 60, sea: true },
  { en: 'Soya Strait', ja: '宗谷海峡', lon: 141.9, lat: 45.75, from: 60, sea: true },
];

const TOWNS: readonly Place[] = [
  { en: 'Sapporo', ja: '札幌', lon: 141.35, lat: 43.06, from: 34, town: true },
  { en: 'Sendai', ja: '仙台', lon: 140.87, lat: 38.27, from: 45, town: true },
  { en: 'Tokyo', ja: '東京', lon: 139.75, lat: 35.69, from: 20, town: true },
  { en: 'Nagoya', ja: '名古屋', lon: 136.91, lat: 35.18, from: 45, town: true },
  { en: 'Osaka', ja: '大阪', lon: 135.5, lat: 34.69, from: 34, town: true },
  { en: 'Hiroshima', ja: '広島', lon: 132.46, lat: 34.39, from: 45, town: true },
  { en: 'Fukuoka', ja: '福岡', lon: 130.4, lat: 33.59, from: 34, town: true },
  { en: 'Sasebo', ja: '佐世保', lon: 129.72, lat: 33.18, from: 60, town: true },
  { en: 'Kagoshima', ja: '鹿児島', lon: 130.56, lat: 31.6, from: 34, town: true },
  { en: 'Nishinoomote', ja: '西之表', lon: 131.0, lat: 30.73, from: 200, town: true },
  { en: 'Naze', ja: '名瀬', lon: 129.49, lat: 28.38, from: 160, town: true },
  { en: 'Naha', ja: '那覇', lon: 127.68, lat: 26.21, from: 45, town: true },
  { en: 'Nago', ja: '名護', lon: 127.98, lat: 26.59, from: 160, town: true },
  { en: 'Hirara', ja: '平良', lon: 125.28, lat: 24.81, from: 200, town: true },
  { en: 'Ishigaki', ja: '石垣', lon: 124.16, lat: 24.34, from: 200, town: true },
  { en: 'Sonai', ja: '祖納', lon: 123.01, lat: 24.47, from: 300, town: true },
];

export const PLACES: readonly Place[] = [...ISLANDS, ...LANDS, ...TOWNS, ...SEAS];
export const NAMED_ISLANDS = ISLANDS;
