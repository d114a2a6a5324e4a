// Prints the notes that share most words with the query: node search.mjs QUERY
import { readdirSync, readFileSync } from 'node:fs'

const MOST = 3
const folder = new URL('notes/', import.meta.url)

const wordsOf = text => text.toLowerCase().match(/[a-z]{4,}/g) ?? []
const wanted = new Set(wordsOf(process.argv.slice(2).join(' ')))

const notes = readdirSync(folder)
  .filter(name => name.endsWith('.md'))
  .sort()
  .map(name => {
    const text = readFileSync(new URL(name, folder), 'utf8').trim()
    const shared = new Set(wordsOf(text).filter(word => wanted.has(word)))
    return { name, text, score: shared.size }
  })

const found = notes.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score)
if (found.length === 0) console.log('No note fits.')
for (const { name, text } of found.slice(0, MOST)) console.log(`Source: ${name}\n\n${text}\n`)
