import './styles/app.css';
import './print/print.css';

import { mount } from 'svelte';

import App from './App.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

// Only where the browser allows it: over TLS, and on this very machine.  Elsewhere a reload needs the node.
if (import.meta.env.PROD && 'serviceWorker' in navigator) void navigator.serviceWorker.register('/sw.js').catch(() => undefined);

export default mount(App, { target });
