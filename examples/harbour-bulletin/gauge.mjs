// The tide gauge of the harbour: `live` asks the instrument, `almanac` looks into the tables for the year.
// The instrument has been silent since the storm, so that what crew does about it can be watched.
import { readFileSync } from 'node:fs'

const [source, day] = process.argv.slice(2)

if (source === 'live') {
  console.error('the gauge at pier 3 does not answer')
  process.exit(1)
}

const rows = readFileSync(new URL('almanac.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
const tides = rows
  .map(row => row.split(','))
  .filter(([date]) => date === day)
  .map(([, time, kind, metres]) => ({ time, kind, metres: Number(metres) }))
if (tides.length === 0) {
  console.error(`the almanac has no tides for ${day}`)
  process.exit(1)
}
console.log(JSON.stringify({ source: 'almanac', day, tides }))
