import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { tablesOf } from './helpers/markdown.ts'

const PAGE = 'docs/limits/failure-modes.md'
/** A file, and the beginning of the title of a test in it. */
const NAMED = /^`?(test\/[\w./-]+\.test\.ts)`?: (.+)$/
const MODES = [
  '1.1',
  '1.2',
  '1.3',
  '1.4',
  '1.5',
  '2.1',
  '2.2',
  '2.3',
  '2.4',
  '2.5',
  '2.6',
  '3.1',
  '3.2',
  '3.3',
]

/** What is wrong with the place where a mode is said to be tested. */
function problemWith(place: string): string | undefined {
  const [, file = '', title = ''] = NAMED.exec(place) ?? []
  if (!existsSync(file)) return `there is no such file: ${place}`
  return readFileSync(file, 'utf8').includes(`'${title}'`) ? undefined : `there is no such test: ${place}`
}

const rows = tablesOf(readFileSync(PAGE, 'utf8')).flatMap(({ head, rows }) => (head === 'mode' ? rows : []))

it('the failure modes are those of MAST, each with a test that exists', () => {
  expect(rows.map(([mode = '']) => mode.split(' ')[0])).toEqual(MODES)
  expect(rows.flatMap(([, , place = '']) => problemWith(place) ?? [])).toEqual([])
})

it('a test that does not exist is found out', () => {
  expect(problemWith('`test/none.test.ts`: it works')).toMatch(/no such file/)
  expect(problemWith('`test/docs-failure-modes.test.ts`: it works')).toMatch(/no such test/)
})
