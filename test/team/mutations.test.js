import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CrewError } from '../../src/errors.ts'
import { loadTeam } from '../../src/team/load.ts'

const GOOD = ['research.yaml', 'review.jsonc', 'branches.yaml'].map(name => ({
  name,
  text: readFileSync(join('test/fixtures/teams/good', name), 'utf8'),
}))
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  ': ',
  '"',
  "'",
  '${',
  '$${',
  '\n',
  '  ',
  '\t',
  '- ',
  '*',
  '&a ',
  '<<: ',
  '|\n',
  '!x ',
  '\0',
  '\u202e',
  '😀',
  'null',
  '1e9',
  '__proto__',
  'steps.',
  '(',
  '\\',
]
const edit = fc.record({
  at: fc.nat(4000),
  remove: fc.nat(40),
  insert: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 10 })),
})
describe('a good team file with random edits', () => {
  let folder
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crew-mutations-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  it('is a team, or a definition error that says where', async () => {
    const edited = fc.tuple(fc.constantFrom(...GOOD), fc.array(edit, { minLength: 1, maxLength: 4 }))
    const property = fc.asyncProperty(edited, async ([{ name, text }, edits]) => {
      const changed = edits.reduce((result, { at, remove, insert }) => {
        const start = at % (result.length + 1)
        return result.slice(0, start) + insert + result.slice(start + remove)
      }, text)
      const path = join(folder, name)
      await writeFile(path, changed)
      const outcome = await loadTeam(path).catch(error => error)
      if (!(outcome instanceof Error)) return
      expect(outcome).toBeInstanceOf(CrewError)
      expect(outcome).toMatchObject({ code: 'definition' })
      expect(outcome.message).toMatch(/^[^\n]+:\d+:\d+: (error|warning): |: the file is not/)
    })
    await fc.assert(property, { numRuns: 150 })
  })
  it('survives any value in any place', async () => {
    const value = fc.jsonValue({ maxDepth: 2 })
    const paths = [
      ['name'],
      ['input'],
      ['input', 'files'],
      ['agents'],
      ['agents', 'reviewer'],
      ['agents', 'reviewer', 'output'],
      ['pattern'],
      ['pattern', 'each'],
      ['limits'],
      ['models'],
      ['env'],
      ['output'],
    ]
    const property = fc.asyncProperty(fc.constantFrom(...paths), value, async (keys, replacement) => {
      const team = {
        name: 'x',
        input: { files: { type: 'array' } },
        agents: { reviewer: { role: '${item}', output: { type: 'object' } } },
        pattern: { kind: 'parallel', each: '${input.files}', agent: 'reviewer' },
      }
      const parent = keys.slice(0, -1).reduce((inner, key) => inner[key], team)
      parent[keys.at(-1) ?? ''] = replacement
      const path = join(folder, 'values.json')
      await writeFile(path, JSON.stringify(team))
      const outcome = await loadTeam(path).catch(error => error)
      if (outcome instanceof Error) expect(outcome).toMatchObject({ name: 'CrewError', code: 'definition' })
    })
    await fc.assert(property, { numRuns: 150 })
  })
})
