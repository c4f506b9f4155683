/* What is wrong with a field of a form, in words. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { FormFault, IField } from '../models/form';

export function faultText(
  fault: FormFault,
  field: Pick<IField, 'minimum' | 'maximum' | 'maxLength'>,
  trans: TranslationBundle
): string {
  switch (fault) {
    case 'minimum':
      return trans.__('At least %1', field.minimum);
    case 'maximum':
      return trans.__('At most %1', field.maximum);
    case 'integer':
      return trans.__('A whole number');
    case 'length':
      return trans.__('At most %1 characters', field.maxLength);
    default:
      return trans.__('A number');
  }
}
