// Stands in for whatever tells the world: reads the notes, and keeps them beside the team.
import { appendFileSync, readFileSync } from 'node:fs'

const [, , version] = process.argv
const { notes } = JSON.parse(readFileSync(0, 'utf8'))
appendFileSync('ANNOUNCED.md', `## ${version}\n\n${notes}\n\n`)
console.log(`Announced ${version}.`)
