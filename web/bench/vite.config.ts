import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vite';

/** The page of `python -m bench map`; never part of what the node serves. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2022', emptyOutDir: true },
});
