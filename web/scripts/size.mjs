/**
 * Says what a first visit loads, compressed as a proxy would (gzip): the page, its scripts and styles.
 * Exits with 1 above the limit.  Fonts are loaded by range as characters appear and are listed apart.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** What issue "The watch floor" allows before map data. */
const LIMIT_KB = 900;
const dist = new URL('../../src/renkei/web_dist/', import.meta.url);
const size = (name) => gzipSync(readFileSync(new URL(name, dist))).length / 1024;
const page = readFileSync(new URL('index.html', dist), 'utf8');
const first = ['index.html', ...[...page.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map((m) => m[1])];
const assets = readdirSync(new URL('assets/', dist)).map((name) => `assets/${name}`);
const scripts = assets.filter((name) => /\.(js|css)$/.test(name));
const total = (names) => names.map(size).reduce((a, b) => a + b, 0);

console.log(`first load      ${total(first).toFixed(1)} kB gzip (limit ${LIMIT_KB})`);
console.log(`every script    ${total(scripts).toFixed(1)} kB gzip in ${scripts.length} files, coastline included`);
console.log(`fonts           ${assets.filter((n) => n.endsWith('.woff2')).length} files, loaded by character range`);
process.exit(total(first) > LIMIT_KB ? 1 : 0);
