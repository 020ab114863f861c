/**
 * What needs me now, kept for the whole client, and the calls that go with it: a sound and a notification, each
 * only by choice.  A call repeats every minute until everything that calls is acknowledged.  A notification
 * leaves this screen and its marking, so it says how much there is and never what.
 */
import { SvelteSet } from 'svelte/reactivity';

import { i18n } from '../i18n/index.svelte';
import { mustCall, type Matter } from '../lib/attention';
import { keep, kept } from './kept.svelte';

class Attention {
  matters = $state.raw<Matter[]>([]);
  sound = $state(false);
  notify = $state(false);
  /** Links and the like that somebody here has taken note of. */
  readonly silenced = new SvelteSet<string>();
  readonly urgent = $derived(this.matters.filter((m) => m.urgency === 'now' && !this.silenced.has(m.key)).reduce((n, m) => n + (m.inside.length || 1), 0));
  #lastCall = 0;
  #seen: readonly string[] = [];
  #audio: AudioContext | null = null;

  restore(): void {
    this.sound = kept('attention.sound', false);
    this.notify = kept('attention.notify', false) && 'Notification' in window && Notification.permission === 'granted';
    for (const key of kept<string[]>('attention.silenced', [])) this.silenced.add(key);
  }

  /** New matters, or the same a second later: call if a call is due. */
  update(matters: Matter[], now: number): void {
    this.matters = matters;
    const calling = matters.filter((m) => m.urgency === 'now' && m.calls && !this.silenced.has(m.key)).map((m) => m.key);
    // Something new is called at once; what was called already waits for its minute.
    const fresh = calling.some((key) => !this.#seen.includes(key));
    this.#seen = calling;
    if (!mustCall(matters, this.silenced, fresh ? 0 : this.#lastCall, now)) return;
    this.#lastCall = now;
    if (this.sound) this.#ring();
    if (this.notify) new Notification(i18n.t.floor.attention.title, { body: i18n.t.floor.attention.calls(calling.length), tag: 'renkei' });
  }

  silence(key: string): void {
    this.silenced.add(key);
    keep('attention.silenced', [...this.silenced].slice(-200));
  }

  setSound(on: boolean): void {
    this.sound = on;
    keep('attention.sound', on);
    if (on) this.#ring();
  }

  async setNotify(on: boolean): Promise<void> {
    this.notify = on && 'Notification' in window && (await Notification.requestPermission()) === 'granted';
    keep('attention.notify', this.notify);
  }

  /** Two short tones, made here: no file, nothing to fetch. */
  #ring(): void {
    this.#audio ??= new AudioContext();
    const { currentTime, destination } = this.#audio;
    for (const [i, hertz] of [880, 660].entries()) {
      const tone = this.#audio.createOscillator();
      const gain = this.#audio.createGain();
      const at = currentTime + i * 0.22;
      tone.frequency.value = hertz;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(0.18, at + 0.02);
      gain.gain.linearRampToValueAtTime(0, at + 0.2);
      tone.connect(gain).connect(destination);
      tone.start(at);
      tone.stop(at + 0.21);
    }
  }
}

export const attention = new Attention();
