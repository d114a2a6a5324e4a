// Prints the passages of documents/*.md that fit a query best, with their sources. Ranked by BM25; no dependencies.
//   node search.mjs "secure aggregation" [how many]
import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('documents/', import.meta.url)
const PASSAGES = 14
const PER_FILE = 3
const K1 = 1.4
const B = 0.5
const STOP = new Set(
  'a an and are as at be by does for from how in is it its of on or that the to was what when which who why with'.split(
    ' ',
  ),
)

const [query = '', limit = PASSAGES] = process.argv.slice(2)
const terms = [...new Set(wordsOf(query))]
const passages = readdirSync(FOLDER)
  .filter(name => name.endsWith('.md'))
  .sort()
  .flatMap(readPassages)
  .map((passage, order) => ({ ...passage, order }))
const found = pick(rank(passages), Number(limit))

if (found.length === 0) {
  console.error(
    `no document matches "${query}"; try other words, or put Markdown files into ${FOLDER.pathname}`,
  )
  process.exit(1)
}
console.log(found.map(({ file, heading, text }) => `## ${file}: ${heading}\n\n${text}`).join('\n\n'))

/** The paragraphs of a file, each under its nearest heading; title and heading count as part of the text. */
function readPassages(file) {
  const passages = []
  let title = file
  let heading = file
  for (const block of readFileSync(new URL(file, FOLDER), 'utf8').split(/\n\s*\n/)) {
    const [, marks, name] = /^(#+)\s+(.+)/.exec(block) ?? []
    if (marks) heading = name
    if (marks === '#') title = name
    if (marks || !block.trim()) continue
    const words = wordsOf([...new Set([title, heading]), block].join(' '))
    passages.push({ file, heading, text: block.replace(/\s*\n\s*/g, ' ').trim(), words })
  }
  return passages
}

/** Scores by BM25: rare words count more, repetitions less and less, long passages are not favoured. */
function rank(passages) {
  const average = passages.reduce((sum, { words }) => sum + words.length, 0) / Math.max(1, passages.length)
  const rarity = new Map(
    terms.map(term => {
      const holding = passages.filter(({ words }) => words.includes(term)).length
      return [term, Math.log(1 + (passages.length - holding + 0.5) / (holding + 0.5))]
    }),
  )
  const scored = passages.map(passage => ({
    ...passage,
    score: terms.reduce((sum, term) => {
      const times = passage.words.filter(word => word === term).length
      return (
        sum +
        (rarity.get(term) * times * (K1 + 1)) / (times + K1 * (1 - B + (B * passage.words.length) / average))
      )
    }, 0),
  }))
  return scored.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score)
}

/** The best, but not too many from one file; in the order in which somebody would read them. */
function pick(ranked, limit) {
  const taken = new Map()
  const spread = ranked.filter(({ file }) => {
    taken.set(file, (taken.get(file) ?? 0) + 1)
    return taken.get(file) <= PER_FILE
  })
  return spread.slice(0, limit).sort((a, b) => a.order - b.order)
}

function wordsOf(text) {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
    .filter(word => !STOP.has(word))
    .map(word => word.replace(/(?<=...)s$/, ''))
}
