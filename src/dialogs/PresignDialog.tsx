/* A link that anybody may read an object by, until it ends. */
import { Clipboard, Dialog, Notification, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { ApiClient } from '../api/client';
import { asApiError } from '../api/client';
import type { PresignedLink } from '../api/schema';
import { formatDateTime } from '../components/format';
import { displayName, makeUri } from '../models/location';
import type { ITargetObject } from '../models/object';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FIRST = HOUR;

type Api = Pick<ApiClient, 'presign'>;

export async function showPresignDialog(api: Api, target: ITargetObject, trans: TranslationBundle): Promise<void> {
  const body = new PresignBody(api, target, trans);
  const result = await showDialog({
    title: trans.__('Link for others'),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Close') }),
      Dialog.okButton({ label: trans.__('Copy the link'), accept: true })
    ],
    focusNodeSelector: 'select'
  });
  if (result.button.accept && result.value) {
    Clipboard.copyToSystem(result.value.url);
    const ends = formatDateTime(new Date(result.value.expires));
    Notification.info(trans.__('Link copied. It ends on %1.', ends), { autoClose: 5000 });
  }
}

class PresignBody extends ReactWidget implements Dialog.IBodyWidget<PresignedLink | null> {
  constructor(
    private readonly api: Api,
    private readonly target: ITargetObject,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('cdc-Dialog');
  }

  getValue(): PresignedLink | null {
    return this._link;
  }

  protected render(): React.JSX.Element {
    const onLink = (link: PresignedLink | null) => (this._link = link);
    return <Presign api={this.api} target={this.target} trans={this.trans} onLink={onLink} />;
  }

  private _link: PresignedLink | null = null;
}

interface IProps {
  api: Api;
  target: ITargetObject;
  trans: TranslationBundle;
  onLink: (link: PresignedLink | null) => void;
}

function Presign({ api, target, trans, onLink }: IProps): React.JSX.Element {
  const [seconds, setSeconds] = React.useState(FIRST);
  const { link, fault } = useLink(api, target, seconds, onLink);
  const id = React.useId();
  const node = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => void node.current?.dispatchEvent(new Event('input', { bubbles: true })), [link]);
  const choices: [number, string][] = [
    [15 * MINUTE, trans.__('15 minutes')],
    [HOUR, trans.__('1 hour')],
    [12 * HOUR, trans.__('12 hours')],
    [DAY, trans.__('1 day')],
    [7 * DAY, trans.__('7 days')]
  ];
  return (
    <div className={`cdc-Presign${link ? '' : ' jp-mod-error'}`} ref={node}>
      <p className="cdc-ellipsis">
        <bdi>{displayName(makeUri(target.bucket, target.key))}</bdi>
      </p>
      <p className="cdc-quiet">
        {trans.__('Whoever has the link may read this object, without an account, until it ends.')}
      </p>
      <label htmlFor={id}>{trans.__('Ends after')}</label>
      <select id={id} className="cdc-Select" value={seconds} onChange={event => setSeconds(Number(event.target.value))}>
        {choices.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <input
        className="cdc-Input"
        readOnly
        aria-label={trans.__('The link')}
        value={link?.url ?? ''}
        placeholder={trans.__('Making the link…')}
        onFocus={event => event.target.select()}
      />
      <p className="cdc-quiet" role="status">
        {link && trans.__('It ends on %1.', formatDateTime(new Date(link.expires)))} {link?.note}
      </p>
      {fault && (
        <p className="cdc-Field-fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

function useLink(api: Api, target: ITargetObject, seconds: number, onLink: IProps['onLink']) {
  const [state, setState] = React.useState<{ link: PresignedLink | null; fault: string }>({ link: null, fault: '' });
  React.useEffect(() => {
    let gone = false;
    const take = (link: PresignedLink | null, fault: string) => {
      if (!gone) {
        onLink(link);
        setState({ link, fault });
      }
    };
    take(null, '');
    api.presign({ ...target, version_id: null, seconds }).then(
      link => take(link, ''),
      (error: unknown) => take(null, asApiError(error).message)
    );
    return () => void (gone = true);
    // Each drawing gives a new function; the choice alone asks for a new link.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [api, target, seconds]);
  return state;
}
