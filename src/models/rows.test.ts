import { describe, expect, it, vi } from 'vitest';
import { listing, shownBy } from '../testing/records';
import { until } from '../testing/until';
import { Rows } from './rows';
import { EntryTable } from './table';

function rowsOf(keys: string[]): Rows {
  const rows = new Rows(() => undefined);
  const table = new EntryTable();
  table.appendListing(listing('', keys));
  rows.replace(table);
  return rows;
}

function add(rows: Rows, keys: string[]): void {
  rows.table.appendListing(listing('', keys));
  rows.appended();
}

const names = (rows: Rows) => shownBy(rows).map(entry => entry.name);

describe('Rows', () => {
  it('filters what comes later as well, and widens again', () => {
    const rows = rowsOf(['ab', 'b', 'c']);
    rows.setFilter('B');
    expect(names(rows)).toEqual(['ab', 'b']);
    add(rows, ['x', 'bb']);
    expect(names(rows)).toEqual(['ab', 'b', 'bb']);
    rows.setFilter('bb');
    expect(names(rows)).toEqual(['bb']);
    rows.setFilter('b');
    expect(names(rows)).toEqual(['ab', 'b', 'bb']);
    rows.setFilter('');
    expect(rows.count).toBe(5);
  });

  it('sorts, puts what comes later where it belongs, filters within the order, and goes back', () => {
    const rows = rowsOf(['k10', 'k2', 'j']);
    rows.setSort({ column: 'name', descending: false });
    expect(names(rows)).toEqual(['j', 'k2', 'k10']);
    add(rows, ['k3', 'a']);
    expect(names(rows)).toEqual(['a', 'j', 'k2', 'k3', 'k10']);
    rows.setFilter('k');
    add(rows, ['k1', 'z']);
    expect(names(rows)).toEqual(['k1', 'k2', 'k3', 'k10']);
    rows.setSort({ column: 'name', descending: true });
    expect(names(rows)).toEqual(['k10', 'k3', 'k2', 'k1']);
    rows.setFilter('');
    rows.setSort(null);
    expect(names(rows)).toEqual(['k10', 'k2', 'j', 'k3', 'a', 'k1', 'z']);
  });

  it('sorts and filters many rows in steps, and loses none that come meanwhile', async () => {
    const many = Array.from({ length: 60_000 }, (_, number) => `k${(number * 7919) % 60_000}`);
    const changed = vi.fn();
    const rows = new Rows(changed);
    rows.table.appendListing(listing('', many));
    rows.setSort({ column: 'name', descending: false });
    expect(rows.busy).toBe(true);
    add(rows, ['k0.5']);
    rows.setFilter('9');
    add(rows, ['k9.5', 'other']);
    await until(() => expect(rows.busy).toBe(false));
    const wanted = [...many, 'k9.5'].filter(name => name.includes('9')).length;
    expect(rows.count).toBe(wanted);
    expect(names(rows).slice(0, 3)).toEqual(['k9', 'k9.5', 'k19']);
    rows.setFilter('');
    expect([rows.count, rows.entry(1).name]).toEqual([60_003, 'k0.5']);
  });

  it('selects one, more, a stretch, all', () => {
    const rows = rowsOf(['a', 'b', 'c', 'd', 'e']);
    rows.selectOnly(1);
    rows.extend(3);
    expect([rows.selectedRows(), rows.activePosition]).toEqual([[1, 2, 3], 3]);
    rows.extend(0);
    expect(rows.selectedRows()).toEqual([0, 1]);
    rows.toggle(4);
    rows.toggle(0);
    expect([rows.selectedRows(), rows.selectedCount]).toEqual([[1, 4], 2]);
    rows.selectAll();
    expect(rows.selectedCount).toBe(5);
    rows.selectOnly(2);
    expect(rows.selectedRows()).toEqual([2]);
  });

  it('extends over what is shown, in its order', () => {
    const rows = rowsOf(['a1', 'b', 'a3', 'a2']);
    rows.setSort({ column: 'name', descending: false });
    rows.setFilter('a');
    rows.selectOnly(0);
    rows.extend(1);
    expect(rows.selectedRows().map(row => rows.table.keys[row])).toEqual(['a1', 'a2']);
  });

  it('does not act on what a filter hides', () => {
    const rows = rowsOf(['a', 'b', 'c']);
    rows.selectOnly(0);
    rows.extend(2);
    rows.setFilter('b');
    expect([rows.selectedCount, rows.activeEntry]).toEqual([0, null]);
    rows.selectOnly(0);
    rows.setFilter('');
    expect(rows.activeEntry?.key).toBe('b');
  });

  it('takes rows out, keeps the others selected and the keyboard where it was', () => {
    const rows = rowsOf(['a', 'b', 'c', 'd']);
    rows.setSort({ column: 'name', descending: true });
    rows.selectOnly(1);
    rows.toggle(3);
    rows.remove(row => rows.table.keys[row] === 'a');
    expect(names(rows)).toEqual(['d', 'c', 'b']);
    expect(rows.selectedRows().map(row => rows.table.keys[row])).toEqual(['c']);
    expect(rows.activePosition).toBe(2);
    add(rows, ['bb']);
    expect(names(rows)).toEqual(['d', 'c', 'bb', 'b']);
  });

  it('puts one row into what is sorted and filtered', () => {
    const rows = rowsOf(['a', 'c']);
    rows.setSort({ column: 'size', descending: true });
    rows.setFilter('');
    rows.selectKey('c');
    rows.put(1, false, 'object', 'b', 9, 0);
    expect(names(rows)).toEqual(['b', 'a', 'c']);
    expect(rows.activeEntry?.key).toBe('c');
  });

  it('puts one row, or one that says another thing, in its place without putting all in order again', () => {
    const many = Array.from({ length: 3000 }, (_, number) => `k${number}`);
    const rows = rowsOf(many);
    rows.setSort({ column: 'size', descending: true });
    rows.setFilter('k');
    rows.put(7, true, 'object', 'k7', 5, 0);
    rows.put(9, false, 'object', 'k8.5', 7, 0);
    rows.put(3001, false, 'object', 'other', 9, 0);
    expect(rows.busy).toBe(false);
    expect(names(rows).slice(0, 4)).toEqual(['k8.5', 'k7', 'k0', 'k1']);
    expect([rows.count, rows.position(9), rows.position(3001)]).toEqual([3001, 0, -1]);
    rows.setFilter('');
    expect(names(rows).slice(0, 3)).toEqual(['other', 'k8.5', 'k7']);
    expect(new Set(names(rows)).size).toBe(3002);
    rows.put(9, true, 'object', 'k8.5', 1, 0);
    expect(names(rows).slice(0, 10)).toEqual(['other', 'k7', ...many.slice(0, 7), 'k8']);
    expect(names(rows)[10]).toBe('k8.5');
  });

  it('takes in, a little at a time, what came while all was being put in order', async () => {
    const many = Array.from({ length: 30_000 }, (_, number) => `k${(number * 7919) % 30_000}`);
    const rows = rowsOf(many);
    rows.setSort({ column: 'name', descending: false });
    expect(rows.busy).toBe(true);
    add(
      rows,
      many.map(name => `${name}.b`)
    );
    await until(() => expect(rows.busy).toBe(false));
    expect(rows.count).toBe(60_000);
    expect(names(rows).slice(0, 4)).toEqual(['k0', 'k0.b', 'k1', 'k1.b']);
    const numbers = names(rows).map(name => parseFloat(name.slice(1)));
    expect(numbers.every((number, at) => at === 0 || number >= numbers[at - 1])).toBe(true);
  });

  it('counts the bytes of what is selected, whatever is selected next', () => {
    const rows = rowsOf(['a', 'b', 'c', 'd']);
    const bytes: number[] = [];
    const tell = () => bytes.push(rows.selectedBytes);
    rows.selectAll();
    tell();
    rows.toggle(0);
    tell();
    rows.put(1, true, 'object', 'b', 10, 0);
    tell();
    rows.remove(row => row === 2);
    tell();
    rows.extend(0);
    tell();
    rows.selectOnly(-1);
    tell();
    expect(bytes).toEqual([4, 3, 12, 11, 1, 0]);
  });
});
