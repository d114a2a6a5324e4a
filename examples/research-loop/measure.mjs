// Says in sentences what the measurements say: node measure.mjs FILE.csv (week, degrees, occupancy, kwh)
import { readFileSync } from 'node:fs'

const COOLING = 20
const [, ...lines] = readFileSync(process.argv[2] ?? 'measurements.csv', 'utf8')
  .trim()
  .split('\n')
const weeks = lines
  .map(line => line.split(',').map(Number))
  .map(([, degrees, people, kwh]) => ({ degrees, people, kwh }))

const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length

/** Slope and correlation of the line through points. */
function regress(points) {
  const [x, y] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const sum = of => points.reduce((total, [px, py]) => total + of(px - x, py - y), 0)
  const [xy, xx, yy] = [sum((a, b) => a * b), sum(a => a * a), sum((_, b) => b * b)]
  return { slope: xy / xx, r: xy / Math.sqrt(xx * yy) }
}

const hot = weeks.filter(({ degrees }) => degrees > COOLING)
const mild = weeks.filter(({ degrees }) => degrees <= COOLING)
const base = mean(mild.map(({ kwh }) => kwh))
const total = hot.reduce((sum, { kwh }) => sum + kwh, 0)
const { slope, r } = regress(hot.map(({ degrees, kwh }) => [degrees, kwh]))
const people = regress(weeks.map(({ people, kwh }) => [people, kwh]))

console.log(`There are ${weeks.length} weeks of measurements, ${hot.length} of them warmer than ${COOLING} degrees.
In mild weeks the office uses ${base.toFixed(0)} kWh a week, whatever the temperature.
Above ${COOLING} degrees each further degree costs ${slope.toFixed(0)} kWh a week (correlation ${r.toFixed(2)}).
Of the electricity of all warm weeks, ${((1 - (base * hot.length) / total) * 100).toFixed(0)} percent go beyond the use of a mild week.
The number of people in the office explains little of it (correlation ${people.r.toFixed(2)}).`)
