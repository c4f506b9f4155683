/* All jobs: a bar to find some, a table, and below it all that is known of the one with the focus. */
import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { IconButton } from '../components/buttons';
import { formatCount } from '../components/format';
import { EmptyState, ErrorNotice, Loading } from '../components/notices';
import type { JobFilter, JobTable } from '../models/jobTable';
import { useCockpit, useModel } from '../sections/context';
import { JobDetail } from './JobDetail';
import { JobGrid } from './JobGrid';

export function JobsView({ table }: { table: JobTable }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const jobs = useModel(cockpit.jobs);
  useModel(table);
  const { rows } = table;
  const retry = { label: trans.__('Retry'), run: () => void jobs.refresh() };
  if (!jobs.list.length) {
    return jobs.error ? (
      <ErrorNotice message={jobs.error.message} retry={retry} />
    ) : !jobs.loaded ? (
      <Loading label={trans.__('Loading…')} />
    ) : (
      <EmptyState
        title={trans.__('No jobs yet')}
        hint={trans.__('Whatever takes longer than a moment is listed here: uploads, copies, partitions, benchmarks.')}
      />
    );
  }
  return (
    <>
      <Bar table={table} />
      {jobs.error && <ErrorNotice message={jobs.error.message} retry={retry} />}
      {rows.length ? <JobGrid table={table} /> : <EmptyState title={trans.__('No such jobs')} />}
      {table.active && <JobDetail key={table.active.id} job={table.active} table={table} />}
    </>
  );
}

function Bar({ table }: { table: JobTable }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const choices: [JobFilter, string][] = [
    ['all', trans.__('All')],
    ['active', trans.__('Running')],
    ['ended', trans.__('Ended')],
    ['failed', trans.__('Failed')]
  ];
  return (
    <div className="cdc-Bar cdc-JobsView-bar">
      <div className="cdc-Choices" role="group" aria-label={trans.__('Which jobs')}>
        {choices.map(([filter, label]) => (
          <button
            key={filter}
            type="button"
            className="cdc-Choice"
            aria-pressed={table.filter === filter}
            onClick={() => table.choose(filter)}
          >
            {label} <span className="cdc-JobsView-count">{formatCount(table.count(filter))}</span>
          </button>
        ))}
      </div>
      <input
        className="cdc-Input cdc-JobsView-search"
        type="search"
        placeholder={trans.__('Filter jobs')}
        aria-label={trans.__('Filter jobs')}
        value={table.text}
        onChange={event => table.search(event.target.value)}
      />
      <IconButton icon={refreshIcon} label={trans.__('Refresh')} onClick={() => void cockpit.jobs.refresh()} />
    </div>
  );
}
