import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds a running node; the built client is served by the node itself. */
const node = process.env.RENKEI_NODE ?? 'http://127.0.0.1:8440';

export default defineConfig({
  plugins: [svelte()],
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
