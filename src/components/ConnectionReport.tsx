/* What the test of a connection has found: that it works, or why not and what to do. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Words } from './Words';

interface IProps {
  report: {
    ok: boolean;
    cause: string;
    cure: string;
    identity: string | null;
    region: string | null;
    buckets: number | null;
    milliseconds: number | null;
  };
  trans: TranslationBundle;
  children?: React.ReactNode;
}

export function ConnectionReportNotice({ report, trans, children }: IProps): React.JSX.Element {
  const facts = [
    report.buckets === null ? '' : trans._n('%1 bucket', '%1 buckets', report.buckets),
    report.region ?? '',
    report.milliseconds === null ? '' : trans.__('%1 ms', Math.round(report.milliseconds))
  ];
  return (
    <div
      className={`cdc-Notice ${report.ok ? 'cdc-mod-success' : 'cdc-mod-error'}`}
      role={report.ok ? 'status' : 'alert'}
      data-ok={report.ok}
    >
      <p className="cdc-Notice-text">
        {report.ok ? (
          <strong>{trans.__('It works')}</strong>
        ) : (
          <Words text={report.cause || trans.__('It does not work.')} copyLabel={trans.__('Copy')} />
        )}
        {report.ok && facts.filter(Boolean).map(fact => ` · ${fact}`)}
      </p>
      {report.identity && <p className="cdc-quiet">{trans.__('As %1', report.identity)}</p>}
      {report.cure && (
        <p className="cdc-Notice-text">
          <Words text={report.cure} copyLabel={trans.__('Copy')} />
        </p>
      )}
      {children}
    </div>
  );
}
