import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds a running node; the built client is served by the node itself. */
const node = process.env.RENKEI_NODE ?? 'http://127.0.0.1:8440';

/** `sw.js`, with the release's own files in it.  Fonts come in a hundred parts and are kept as they are needed. */
function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    generateBundle(_, bundle) {
      const files = ['/', '/favicon.svg', ...Object.keys(bundle).filter((f) => /\.(js|css)$/.test(f)).map((f) => '/' + f)].sort();
      const source = readFileSync(new URL('src/offline/worker.js', import.meta.url), 'utf8')
        .replace('__FILES__', JSON.stringify(files))
        .replace('__RELEASE__', JSON.stringify(createHash('sha256').update(files.join()).digest('hex').slice(0, 12)));
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}

export default defineConfig({
  plugins: [svelte(), serviceWorker()],
  build: {
    outDir: '../src/renkei/web_dist',
    emptyOutDir: true,
    // The node's content security policy knows no data: and no inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: true,
  },
  server: { proxy: { '/api': { target: node, changeOrigin: false } } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
