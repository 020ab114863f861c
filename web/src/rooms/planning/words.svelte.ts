/** What reports, differences and changes call things: asked of the node once, the same for everybody. */
import * as api from '../../api/node';
import type { PlanWords } from '../../api/types';
import { i18n } from '../../i18n/index.svelte';

class Words {
  all = $state.raw<PlanWords>({});
  #asked: Promise<PlanWords> | undefined;

  /** Asks if nobody has; a node that is away is asked again the next time. */
  async load(): Promise<void> {
    this.#asked ??= api.plans.words();
    try {
      this.all = await this.#asked;
    } catch (err) {
      this.#asked = undefined;
      throw err;
    }
  }

  field(name: string): string {
    return this.all.fields?.[name]?.[i18n.lang] ?? name;
  }
}

export const planWords = new Words();
