/* The properties of one object as a tab of the main area. */
import { ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';
import { shortened } from '../components/format';
import { propertiesIcon } from '../components/icons';
import { displayName, makeUri, nameBelow, parentOf } from '../models/location';
import type { PropertiesModel } from '../models/properties';
import type { IPropertiesContext } from './context';
import { PropertiesContext } from './context';
import { PropertiesView } from './PropertiesView';

export class PropertiesWidget extends ReactWidget {
  constructor(
    private readonly model: PropertiesModel,
    private readonly context: Omit<IPropertiesContext, 'model'>
  ) {
    super();
    const { bucket, key } = model.target;
    this.addClass('cdc-Panel');
    this.addClass('cdc-Properties');
    this.title.label = shortened(displayName(nameBelow(parentOf(key), key))) || context.trans.__('(empty name)');
    this.title.caption = displayName(makeUri(bucket, key));
    this.title.icon = propertiesIcon;
    void model.load();
  }

  dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  protected render(): React.JSX.Element {
    return (
      <PropertiesContext.Provider value={{ ...this.context, model: this.model }}>
        <PropertiesView />
      </PropertiesContext.Provider>
    );
  }
}
