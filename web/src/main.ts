import './styles/app.css';
import './print/print.css';

import { mount } from 'svelte';

import App from './App.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

/** Keeping the client fetches and compiles all of it: not while the first picture is drawn. */
const KEEP_AFTER_MS = 3_000;
const keep = (): void => void navigator.serviceWorker.register('/sw.js').catch(() => undefined);

// Only where the browser allows it: over TLS, and on this very machine.  Elsewhere a reload needs the node.
if (import.meta.env.PROD && 'serviceWorker' in navigator) addEventListener('load', () => setTimeout(keep, KEEP_AFTER_MS), { once: true });

export default mount(App, { target });
