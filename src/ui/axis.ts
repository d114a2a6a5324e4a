import { formatDuration } from './format.ts'

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
]
const LONG_STEPS = [600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000]

/** Columns that a tick with its label takes at the least. */
const TICK = 10

/** Times at which the axis says what time it is: round ones, and as many as can be read. */
export function ticksFor(total: number, columns: number): number[] {
  const most = Math.max(1, Math.floor(columns / TICK))
  const steps = [...STEPS, ...LONG_STEPS]
  const step = steps.find(each => total / each <= most) ?? Math.ceil(total / most / 86_400_000) * 86_400_000
  if (!(total > 0)) return [0]
  return Array.from({ length: Math.floor(total / step) + 1 }, (_, index) => index * step)
}

/** A time on the axis, as short as it can be. */
function formatTick(milliseconds: number): string {
  if (milliseconds === 0) return '0'
  if (milliseconds < 1000) return `${milliseconds}ms`
  if (milliseconds < 60_000) return `${milliseconds / 1000}s`
  return formatDuration(milliseconds)
}

/** The axis: labels of its ticks, and below it where they are. */
export function drawAxis(total: number, columns: number): [labels: string, marks: string] {
  const cells = Array.from({ length: columns }, () => '─')
  let labels = ''
  for (const tick of ticksFor(total, columns)) {
    const at = total > 0 ? Math.min(columns - 1, Math.floor((tick / total) * columns)) : 0
    const label = formatTick(tick)
    if (at < labels.length + (labels === '' ? 0 : 1) || at + label.length > columns) continue
    labels = labels.padEnd(at) + label
    cells[at] = '┬'
  }
  return [labels, cells.join('')]
}
