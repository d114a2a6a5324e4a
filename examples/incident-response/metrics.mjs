// Finds the first moment at which a metric leaves its usual range: more than three standard deviations off.
import { readFileSync } from 'node:fs'

const [, , file] = process.argv
const [head, ...rows] = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map(line => line.split(','))
/** The first rows are taken for an ordinary day. */
const ORDINARY = 6

head.slice(1).forEach((name, index) => {
  const values = rows.map(row => Number(row[index + 1]))
  const usual = values.slice(0, ORDINARY)
  const mean = usual.reduce((sum, value) => sum + value, 0) / ORDINARY
  const spread = Math.sqrt(usual.reduce((sum, value) => sum + (value - mean) ** 2, 0) / ORDINARY)
  const first = values.findIndex(value => Math.abs(value - mean) > 3 * Math.max(spread, mean / 50))
  console.log(
    first < 0
      ? `The metric ${name} stays near ${mean.toFixed(1)} the whole time.`
      : `The metric ${name} goes from about ${mean.toFixed(1)} to ${values[first]} at ${rows[first][0]}.`,
  )
})
