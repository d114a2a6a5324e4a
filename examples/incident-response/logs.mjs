// Counts the errors of a log by service and message, and says when each was first and last seen.
import { readFileSync } from 'node:fs'

const [, , file] = process.argv
const found = new Map()
for (const line of readFileSync(file, 'utf8').split('\n')) {
  const [, time, service, message] = /^(\S+) ERROR (\S+) (.+)$/.exec(line) ?? []
  if (!time) continue
  const kind = `${service}: ${message.replace(/order \d+/, 'order …')}`
  const { count = 0, first = time } = found.get(kind) ?? {}
  found.set(kind, { count: count + 1, first, last: time })
}
const lines = [...found].sort(([, a], [, b]) => b.count - a.count)
for (const [kind, { count, first, last }] of lines)
  console.log(`The log has ${count} times "${kind}", first at ${first}, last at ${last}.`)
