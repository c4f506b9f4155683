/* What `DataCockpit()` displays in a notebook: opens the panel when it is fresh, and is a button for later. */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import type { IOpening } from './models/opening';
import { isFresh, openingOf } from './models/opening';

export const OPEN_TYPE = 'application/vnd.cloud-data-cockpit.open+json';

/** Show a place in the panel. */
type Open = (place: IOpening) => void;

export function openerFactory(open: Open, trans: TranslationBundle): IRenderMime.IRendererFactory {
  // The same output is drawn in several views, and again when its notebook is opened.
  const obeyed = new Set<string>();
  return {
    safe: true,
    mimeTypes: [OPEN_TYPE],
    createRenderer: options => new Opener(options.mimeType, open, obeyed, trans)
  };
}

class Opener extends Widget implements IRenderMime.IRenderer {
  constructor(
    private readonly mimeType: string,
    private readonly open: Open,
    private readonly obeyed: Set<string>,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('cdc-Opener');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const place = openingOf(model.data[this.mimeType]);
    const { trans } = this;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'jp-mod-styled cdc-Opener-button';
    button.textContent = place.uri ? trans.__('Open %1 in Data Cockpit', place.uri) : trans.__('Open in Data Cockpit');
    button.addEventListener('click', () => this.open(place));
    this.node.replaceChildren(button);
    if (isFresh(place, new Date()) && !this.obeyed.has(place.nonce)) {
      this.obeyed.add(place.nonce);
      this.open(place);
    }
  }
}
