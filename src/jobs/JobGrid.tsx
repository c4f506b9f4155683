/* The table of jobs: rows of one height, only those in view in the document; columns give way where it is narrow. */
import { refreshIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Job } from '../api/schema';
import { ProgressBar } from '../components/ProgressBar';
import { RelativeDate } from '../components/values';
import type { IGridColumn } from '../components/VirtualList';
import { VirtualList } from '../components/VirtualList';
import { isActive } from '../models/jobs';
import type { JobTable } from '../models/jobTable';
import { displayName } from '../models/location';
import type { ICockpitContext } from '../sections/context';
import { useCockpit, useModel } from '../sections/context';
import { doneText, fractionOf, paceText } from '../sections/JobProgress';
import { doneSummary, iconOf, stateText } from '../sections/jobWords';
import { movedBy } from '../sections/useListKeys';
import { jobActions } from './actions';

const ROW = 28;

interface IColumn {
  id: 'job' | 'state' | 'done' | 'pace' | 'engine' | 'priority' | 'started' | 'actions';
  width: string;
  /** Not drawn where the table is narrower. */
  from: number;
}

const COLUMNS: IColumn[] = [
  { id: 'job', width: 'minmax(120px, 1fr)', from: 0 },
  { id: 'state', width: '84px', from: 0 },
  { id: 'done', width: '200px', from: 560 },
  { id: 'pace', width: '150px', from: 800 },
  { id: 'engine', width: '80px', from: 960 },
  { id: 'priority', width: '64px', from: 1040 },
  { id: 'started', width: '90px', from: 420 },
  { id: 'actions', width: '52px', from: 0 }
];

export function JobGrid({ table }: { table: JobTable }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  useModel(table);
  const { rows, activeIndex } = table;
  const [width, setWidth] = React.useState(0);
  const columns = COLUMNS.filter(({ from }) => width >= from);
  const titles = titlesOf(trans);
  const onKeyDown = (event: React.KeyboardEvent<HTMLDivElement>, pageRows: number) => {
    if (event.target !== event.currentTarget || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const target = movedBy(event.key, activeIndex, pageRows, rows.length);
    if (target !== null) {
      event.preventDefault();
      table.focus(rows[target]?.id ?? null);
    } else if (event.key === 'Escape') {
      table.focus(null);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      event.currentTarget.closest('.cdc-JobsView')?.querySelector<HTMLElement>('.cdc-JobDetail button')?.focus();
    }
  };
  return (
    <VirtualList
      className="cdc-JobGrid"
      count={rows.length}
      rowHeight={ROW}
      label={trans.__('Jobs')}
      columns={columns.map(({ id }): IGridColumn => ({ id, title: titles[id] }))}
      template={columns.map(({ width: wide }) => wide).join(' ')}
      active={activeIndex}
      activeKey={table.activeId ?? ''}
      selected={activeIndex}
      onWidth={setWidth}
      onKeyDown={onKeyDown}
      cells={index => columns.map(({ id }) => cellOf(id, rows[index], trans, cockpit.jobs))}
      rowProps={index => ({
        'data-id': rows[index].id,
        'data-state': rows[index].state,
        'data-kind': rows[index].kind,
        onClick: () => table.focus(rows[index].id)
      })}
    />
  );
}

function titlesOf(trans: ICockpitContext['trans']): Record<IColumn['id'], string> {
  return {
    job: trans.__('Job'),
    state: trans.__('State'),
    done: trans.__('Done'),
    pace: trans.__('Pace'),
    engine: trans.__('Engine'),
    priority: trans.__('Priority'),
    started: trans.__('Started'),
    actions: trans.__('Actions')
  };
}

function cellOf(
  column: IColumn['id'],
  job: Job,
  trans: ICockpitContext['trans'],
  jobs: ICockpitContext['cockpit']['jobs']
): React.ReactNode {
  const Icon = iconOf(job);
  switch (column) {
    case 'job':
      return (
        <>
          <Icon.react tag="span" className="cdc-Icon" />
          <bdi className="cdc-ellipsis" title={displayName(`${job.title} – ${job.uri}`)}>
            {displayName(job.title)}
          </bdi>
        </>
      );
    case 'state':
      return (
        <span className="cdc-State" data-state={job.state} data-resumable={job.resumable}>
          {stateText(job, trans)}
        </span>
      );
    case 'done':
      return <Done job={job} />;
    case 'pace':
      return <span className="cdc-ellipsis">{isActive(job) ? paceText(job, jobs, trans) : ''}</span>;
    case 'engine':
      return <span className="cdc-ellipsis">{job.executor ?? ''}</span>;
    case 'priority':
      return job.priority === 'normal' ? '' : job.priority === 'high' ? trans.__('High') : trans.__('Low');
    case 'started':
      return <RelativeDate date={job.started ?? job.created} />;
    default:
      return <Actions job={job} />;
  }
}

function Done({ job }: { job: Job }): React.JSX.Element {
  const { trans } = useCockpit();
  const fraction = fractionOf(job);
  return (
    <>
      {(isActive(job) || job.state === 'interrupted') && (
        <ProgressBar
          {...fraction}
          label={displayName(job.title)}
          tone={job.state === 'running' ? 'running' : 'resting'}
        />
      )}
      <span className="cdc-ellipsis">{job.state === 'succeeded' ? doneSummary(job, trans) : doneText(job, trans)}</span>
    </>
  );
}

/** Out of the way of the Tab key: the same buttons, with their names, stand below the table. */
function Actions({ job }: { job: Job }): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const icons = { cancel: stopIcon, resume: runIcon, retry: refreshIcon };
  return (
    <>
      {jobActions(job, cockpit.uploads, trans).map(({ id, label, command, args }) => {
        const Icon = icons[id];
        return (
          <button
            key={id}
            type="button"
            tabIndex={-1}
            className="cdc-IconButton cdc-mod-small"
            title={label}
            aria-label={trans.__('%1: %2', label, displayName(job.title))}
            onClick={event => {
              event.stopPropagation();
              execute(command, args);
            }}
          >
            <Icon.react tag="span" className="cdc-Icon" />
          </button>
        );
      })}
    </>
  );
}
