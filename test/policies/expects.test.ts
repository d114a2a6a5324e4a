import { describe, expect, it } from 'vitest'
import { DefinitionError } from '../../src/team/source/problem.ts'
import { decisions, failureOf, play, teamOf } from '../helpers/play.ts'
import { finish, team } from '../helpers/teams.ts'

const FOUND = {
  type: 'object',
  properties: { hits: { type: 'array', items: { type: 'string' } } },
  required: ['hits'],
}
const pattern = { kind: 'pipeline', stages: ['finder', 'writer'] }
const expecting = (condition: string, more: object = {}) => ({
  pattern,
  more: { finder: { output: FOUND }, writer: { expects: [condition], ...more } },
})

describe('an agent that expects something', () => {
  it('is asked when it is so', async () => {
    const parts = { finder: [{ hits: ['a'] }], writer: ['Done.'] }
    const { outcome } = await play({ ...expecting('size(steps.finder.output.hits) > 0'), parts })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Done.' })
  })

  it('is not asked when it is not, and neither is anybody in its place; it is said what came instead, and from whom', async () => {
    const parts = { finder: [{ hits: [] }], writer: ['Done.'], spare: ['Done.'] }
    const setup = expecting('size(steps.finder.output.hits) > 0', { fallback: ['spare'] })
    const run = await play({ ...setup, parts })
    const { code, message, details } = failureOf(run)
    expect(code).toBe('input-invalid')
    expect(message).toContain('expects: size(steps.finder.output.hits) > 0 (it does not hold)')
    expect(message).toContain('\n  steps.finder.output: {"hits":[]}')
    expect(details.hint).toBe('see all that finder gave with: crew show RUN --results')
    expect(run.server.received).toHaveLength(1)
    expect(decisions(run.events, 'retry')).toEqual([])
  })

  it('is not asked when what it expects is not even there', async () => {
    const open = { type: 'object', properties: { hits: {} } }
    const { more, ...rest } = expecting('size(steps.finder.output.hits) > 0')
    const setup = { ...rest, more: { ...more, finder: { output: open } } }
    const run = await play({ ...setup, parts: { finder: [{ other: 1 }], writer: ['Done.'] } })
    expect(failureOf(run).code).toBe('input-invalid')
    expect(failureOf(run).message).toContain('steps.finder.output has no "hits"')
    expect(failureOf(run).message).toContain('steps.finder.output: {"other":1}')
  })

  it('shows what it was given at most in part, and never what is in the environment', async () => {
    const loaded = await team({
      env: ['LIMIT'],
      input: { task: { type: 'string' } },
      agents: { writer: { expects: ['size(input.task) < size(env.LIMIT)'] } },
      pattern: { kind: 'pipeline', stages: ['writer'] },
    })
    const env = { LIMIT: 'hush', OPENAI_API_KEY: 'sk-test-0123456789' }
    const { message } = failureOf(await finish(loaded, { input: { task: 'x'.repeat(1000) }, env }))
    expect(message).toContain(`input.task: ${'x'.repeat(200)}…`)
    expect(message).not.toContain('hush')
  })

  it.each([
    ['reads what is not there by then', 'size(steps.writer.output) > 0', /writer/],
    ['reads a field that there is not', 'size(steps.finder.output.hit) > 0', /has no "hit"/],
    ['is no condition', 'steps.finder.output.hits + [1]', /no such overload|true or false/],
    ['is a template', `\${input.task != ""}`, /not a template/],
  ])('is found wrong in the team file when a condition %s', async (_, condition, complaint) => {
    const { more } = expecting(condition)
    const load = teamOf({ pattern, more, parts: { finder: ['x'], writer: ['x'] } })
    const problems = await load
      .then(({ problems }) => problems)
      .catch(error => {
        if (error instanceof DefinitionError) return error.problems
        throw error
      })
    expect(problems.map(({ message }) => message).join('\n')).toMatch(complaint)
  })

  it('may be called anything: a node "expects" of a graph is none', async () => {
    const graph = {
      kind: 'graph',
      start: 'expects',
      nodes: { expects: { agent: 'a', task: 'Say it.' } },
      edges: [],
    }
    expect((await team({ agents: { a: {} }, pattern: graph })).problems).toEqual([])
  })
})
