import Table from 'cli-table3'

/** The columns after the first: what stands above, the figure, its decimals, and the aim that it has, if any. */
const COLUMNS = [
  ['start ms', 'start', 0],
  ['work ms', 'work', 0],
  ['ms a step', 'step', 2],
  ['wall ms', 'wall', 0],
  ['CPU ms', 'cpu', 0],
  ['CPU ms a step', 'cpuStep', 2],
  ['peak MB', 'memory', 0],
  ['store B a step', 'store', 0],
  ['end ÷ begin', 'flat', 2],
  ['loop p99 ms', 'p99', 1],
  ['first ms', 'firstLine', 0],
  ['% of a core', 'share', 0],
  ['frames/s', 'frames', 1],
  ['key ms', 'key', 0],
  ['× floor', 'ratio', 2],
  ['× CPU', 'cpuRatio', 2],
]

/** Prints one table of what was measured. A figure that has an aim says whether it is met. */
export function print({ machine, rows }) {
  const columns = COLUMNS.filter(([, name]) => rows.some(row => row[name] !== undefined))
  const table = new Table({
    head: ['', ...columns.map(([head]) => head)],
    colAligns: ['left', ...columns.map(() => 'right')],
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) table.push([row.title, ...columns.map(column => write(row, column))])
  console.log(`${machine}\n${table}`)
}

function write({ aims = {}, ...row }, [, name, decimals]) {
  const figure = row[name]
  if (figure === undefined) return ''
  const aim = aims[name]
  const verdict = aim === undefined ? '' : figure <= aim ? ` ✓ (≤ ${aim})` : ` ✗ (≤ ${aim})`
  return `${figure.toFixed(decimals)}${verdict}`
}
