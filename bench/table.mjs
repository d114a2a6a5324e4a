import Table from 'cli-table3'

/** The columns after the first: what stands above, and how a row's figure is written. */
const COLUMNS = [
  ['start ms', ({ start }) => start?.toFixed(0)],
  ['work ms', ({ work }) => work?.toFixed(0)],
  ['ms a step', ({ step }) => step?.toFixed(2)],
  ['wall ms', ({ wall }) => wall.toFixed(0)],
  ['CPU ms', ({ cpu }) => cpu?.toFixed(0)],
  ['peak MB', ({ memory, aims }) => memory && `${memory.toFixed(0)}${verdict(memory, aims.memory)}`],
  ['store B a step', ({ store }) => store?.toFixed(0)],
  ['% of a core', ({ share, aims }) => share && `${(100 * share).toFixed(0)}${verdict(share, aims.share)}`],
  ['frames/s', ({ frames, aims }) => frames && `${frames.toFixed(1)}${verdict(frames, aims.frames)}`],
  ['key ms', ({ key, aims }) => key && `${key.toFixed(0)}${verdict(key, aims.key)}`],
  ['× floor', ({ ratio, aims }) => ratio && `${ratio.toFixed(2)}${verdict(ratio, aims.ratio)}`],
]

/** Prints one table. A figure that has an aim says whether it is met. */
export function print({ machine, rows }) {
  const table = new Table({
    head: ['', ...COLUMNS.map(([head]) => head)],
    colAligns: ['left', ...COLUMNS.map(() => 'right')],
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) table.push([row.title, ...COLUMNS.map(([, write]) => write(row) ?? '')])
  console.log(`${machine}\n${table}`)
}

function verdict(figure, aim) {
  if (aim === undefined) return ''
  return figure <= aim ? ` ✓ (≤ ${aim})` : ` ✗ (≤ ${aim})`
}
