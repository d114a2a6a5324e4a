import { describe, expect, it } from 'vitest'
import { json, events as reply } from '../helpers/faulty-server.ts'
import { modelServer, saying } from '../helpers/model-server.ts'
import { finish, team } from '../helpers/teams.ts'

const ONE = { agents: { writer: { role: 'You write.' } }, pattern: { kind: 'pipeline', stages: ['writer'] } }

/** A reply that calls the tool `name`. */
function calling(name: string, args: object) {
  const call = { index: 0, id: 'call-1', function: { name, arguments: JSON.stringify(args) } }
  return reply([
    { choices: [{ index: 0, delta: { tool_calls: [call] } }] },
    { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
    { choices: [], usage: { prompt_tokens: 10, completion_tokens: 5 } },
  ])
}

describe('a model agent', () => {
  it.each([
    ['uses a tool that it was given', ['list_files'], /team\.json/, 1],
    ['is refused a tool that it was not given, though crew has it', [], /There is no tool list_files/, 0],
  ])('%s', async (_, tools, told, uses) => {
    const server = await modelServer(calling('list_files', { path: '.' }), saying('Done.'))
    const definition = { ...ONE, agents: { writer: { role: 'You write.', tools } } }
    const { outcome, events } = await finish(await team(definition), {
      input: { task: 'go' },
      env: server.env,
    })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Done.' })
    expect(JSON.parse(server.received[1]?.body ?? '').messages.at(-1)).toMatchObject({
      role: 'tool',
      content: expect.stringMatching(told),
    })
    const used = events.flatMap(event =>
      event.type === 'step.started' && event.kind === 'tool' ? event.key : [],
    )
    expect(new Set(used).size).toBe(uses)
  })

  it('leaves no key in the journal that a provider repeats in its refusal', async () => {
    const key = 'canary-key-0123456789'
    const server = await modelServer(json(401, { error: { message: `Incorrect API key provided: ${key}` } }))
    const env = { ...server.env, OPENAI_API_KEY: key }
    const { outcome, events } = await finish(await team(ONE), { input: { task: 'go' }, env })
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'unauthorized' } })
    expect(events.map(event => event.type)).toContain('model.failed')
    expect(JSON.stringify(events)).not.toContain(key)
  })
})
