/* The chart, drawn by JupyterLab's own renderer of Vega-Lite: nothing is fetched, the theme's colours are followed. */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import * as React from 'react';
import type { BenchmarkResult } from '../api/schema';
import type { IChartLook, IChartWords } from '../models/chart';
import { CHART_TYPE, chartOf } from '../models/chart';
import { useCockpit } from '../sections/context';
import { useBenchmark } from './context';

/** Axis and padding beside the plot itself. */
const BESIDE = 92;
const LEAST_WIDTH = 160;
/** A window that is being resized is drawn when it rests. */
const REST_MS = 120;

interface IProps {
  results: BenchmarkResult[];
  words: IChartWords;
  /** Called with the chart as PNG (base64) each time that it is drawn. */
  onPng: (png: string | null) => void;
}

export function Chart({ results, words, onPng }: IProps): React.JSX.Element {
  const { trans } = useCockpit();
  const { rendermime, themeChanged } = useBenchmark();
  const host = React.useRef<HTMLDivElement>(null);
  const renderer = React.useRef<Drawing | null>(null);
  const [width, setWidth] = React.useState(0);
  const [theme, setTheme] = React.useState(0);
  const [problem, setProblem] = React.useState('');
  const canDraw = rendermime?.mimeTypes.includes(CHART_TYPE) ?? false;
  useWidth(host, setWidth);
  React.useEffect(() => {
    const draw = () => setTheme(count => count + 1);
    themeChanged?.connect(draw);
    return () => void themeChanged?.disconnect(draw);
  }, [themeChanged]);
  React.useEffect(() => {
    if (!host.current || !rendermime || !canDraw) {
      return undefined;
    }
    const drawing = new Drawing(rendermime.createRenderer(CHART_TYPE), host.current);
    renderer.current = drawing;
    return () => drawing.dispose();
  }, [rendermime, canDraw]);
  const facts = JSON.stringify([words, results.map(({ id, points, recommendation }) => [id, points, recommendation])]);
  React.useEffect(() => {
    if (renderer.current && host.current && width > 0) {
      const spec = chartOf(results, words, lookOf(host.current, width));
      renderer.current.draw(spec).then(
        png => {
          setProblem('');
          onPng(png);
        },
        (error: unknown) => setProblem(String(error))
      );
    }
    // Results are new objects each time that they are asked for: what they hold counts.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [facts, width, theme, canDraw]);
  if (!canDraw) {
    return <p className="cdc-quiet">{trans.__('This JupyterLab draws no charts. The table below says the same.')}</p>;
  }
  return (
    <figure className="cdc-Chart" aria-label={trans.__('Throughput and time per slice; the table below says the same')}>
      <div ref={host} className="cdc-Chart-host" />
      {problem && <p className="cdc-Field-fault">{trans.__('The chart cannot be drawn: %1', problem)}</p>}
    </figure>
  );
}

/** One renderer, asked for one drawing after the other. */
class Drawing {
  constructor(
    private readonly renderer: IRenderMime.IRenderer,
    host: HTMLElement
  ) {
    Widget.attach(renderer, host);
  }

  /** The chart in the document; and as PNG, twice as fine. */
  draw(spec: ReturnType<typeof chartOf>): Promise<string | null> {
    const drawn = this._last.then(async () => {
      if (this.renderer.isDisposed) {
        return null;
      }
      const data: Record<string, unknown> = { [CHART_TYPE]: spec };
      const embed_options = { actions: false, renderer: 'svg', scaleFactor: 2 };
      const model = {
        trusted: true,
        data,
        metadata: { [CHART_TYPE]: { embed_options } },
        setData: (options: { data?: object }) => Object.assign(data, options.data)
      };
      await this.renderer.renderModel(model as unknown as IRenderMime.IMimeModel);
      const png = data['image/png'];
      return typeof png === 'string' ? png : null;
    });
    this._last = drawn.catch(() => null);
    return drawn;
  }

  dispose(): void {
    this.renderer.dispose();
  }

  private _last: Promise<unknown> = Promise.resolve();
}

/** The theme's colours and font, as they are where the chart stands. */
function lookOf(node: HTMLElement, width: number): IChartLook {
  const style = getComputedStyle(node);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    width: Math.max(LEAST_WIDTH, width - BESIDE),
    text: of('--jp-ui-font-color1'),
    quiet: of('--jp-ui-font-color2'),
    grid: of('--jp-border-color2'),
    background: of('--jp-layout-color1'),
    series: [of('--jp-brand-color1'), of('--jp-warn-color1')],
    font: of('--jp-ui-font-family')
  };
}

function useWidth(ref: React.RefObject<HTMLElement>, setWidth: (width: number) => void): void {
  React.useLayoutEffect(() => {
    const node = ref.current;
    if (!node) {
      return undefined;
    }
    setWidth(node.clientWidth);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const observer = new ResizeObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(() => setWidth(node.clientWidth), REST_MS);
    });
    observer.observe(node);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, [ref, setWidth]);
}
