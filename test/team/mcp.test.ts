import { describe, expect, it } from 'vitest'
import { toCrewError } from '../../src/errors.ts'
import { team } from '../helpers/teams.ts'

const run = ['node', 'server.mjs']

/** What is wrong with a team of one agent; empty when nothing is. */
async function problems(mcp: object, tools: readonly string[], more: object = {}): Promise<string> {
  const agents = { reader: { role: 'You read.', tools } }
  return team({ agents, mcp, pattern: { kind: 'pipeline', stages: ['reader'] }, ...more }).then(
    () => '',
    thrown => toCrewError(thrown).message,
  )
}

describe('the MCP servers of a team file', () => {
  it('lend all of their tools, or one', async () => {
    expect(await problems({ files: { run } }, ['files', 'read_file'])).toBe('')
    expect(await problems({ files: { run } }, ['files__read'])).toBe('')
    expect(
      await problems({ web: { url: 'https://a.example/mcp', tools: ['search it'] } }, ['web__search_it']),
    ).toBe('')
  })

  it.each([
    ['a server that is not there', { files: { run } }, ['fils__read'], /no tool "fils__read"/],
    ['one that was misspelled', { files: { run } }, ['file'], /did you mean "files"\?/],
    [
      'a tool that is not offered',
      { files: { run, tools: ['read'] } },
      ['files__write'],
      /do not include "files__write"/,
    ],
    [
      'effects of what nobody can call',
      { files: { run, tools: ['a'], effects: { b: 'pure' } } },
      ['files'],
      /not list "b"/,
    ],
    ['an address that is none', { web: { url: 'ftp://a.example' } }, ['web'], /not an http or https address/],
    [
      'a connection that is not there',
      { web: { url: 'https://a.example', connection: 'x' } },
      ['web'],
      /no connection "x"/,
    ],
    ['the name of a tool', { read_file: { run } }, ['read_file'], /cannot be told apart/],
    ['a variable that is not declared', { files: { run, env: { A: `\${env.NOPE}` } } }, ['files'], /NOPE/],
    [
      'a template that reads steps',
      { files: { run: [`\${steps.reader.output}`] } },
      ['files'],
      /steps|reader/,
    ],
    [
      'both a program and an address',
      { files: { run, url: 'https://a.example' } },
      ['files'],
      /either run .* or url/,
    ],
  ])('%s is found', async (_, mcp, tools, problem) => {
    expect(await problems(mcp, tools)).toMatch(problem)
  })

  it('are not told apart from a declared tool by its prefix', async () => {
    const declared = { tools: { files__x: { description: 'Does x.', run: ['x'] } } }
    expect(await problems({ files: { run } }, ['files', 'files__x'], declared)).toMatch(
      /cannot be told apart/,
    )
  })
})
