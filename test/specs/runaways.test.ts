import { describe } from 'vitest'
import { answer, drip, json, type Script, silence, stallAfter } from '../helpers/faulty-server.ts'
import { modelServer } from '../helpers/model-server.ts'
import {
  alone,
  areStopped,
  asking,
  commands,
  counting,
  inner,
  look,
  pipeline,
  program,
  use,
} from '../helpers/runaways.ts'
import type { Part } from '../helpers/scripted.ts'
import { type Finished, finish, team } from '../helpers/teams.ts'

const quick = { retry: { attempts: 6, backoff: '1ms' } }
/** One agent whose model is behind a server that does this. */
const behind =
  (script: Script, timeout: object): (() => Promise<Finished>) =>
  async () => {
    const { env } = await modelServer(script)
    const ann = { timeout, retry: { attempts: 1 } }
    return finish(await team({ agents: { ann }, pattern: pipeline('ann') }), { input: { task: 'go' }, env })
  }

const asks =
  (agent: string): Part =>
  () =>
    use('ask_agent', { agent, question: 'What now?' })
describe('an agent that would go on for ever', () => {
  areStopped({
    'a model that calls the same tool again and again': ['limit-loop', alone([look('.')])],
    'a model that goes to and fro between two calls': [
      'limit-loop',
      alone(counting(turn => look(turn % 2 ? '.' : 'x'))),
    ],
    'a model that goes round in a wide circle of calls': [
      'limit-loop',
      alone(counting(turn => look(`${turn % 6}`))),
    ],
    'a model that calls a tool which is not there': ['limit-loop', alone([use('delete_everything')])],
    'a model that never gets the arguments of a tool right': [
      'limit-loop',
      alone([use('list_files', { depth: 'x' })]),
    ],
    'a model that does the same five times in every turn': [
      'limit-loop',
      alone([{ calls: Array.from({ length: 5 }, () => ({ tool: 'list_files', args: {} })) }]),
    ],
    'a model that always finds another call to make': [
      'limit-turns',
      alone(counting(turn => look(`${turn}`))),
    ],
    'a model that makes more calls with every turn': [
      'limit-turns',
      alone(
        counting(turn => ({
          calls: Array.from({ length: turn }, (_, n) => ({
            tool: 'list_files',
            args: { path: `${turn}-${n}` },
          })),
        })),
      ),
    ],
    'a model that burns tokens on what it knows': [
      'limit-loop',
      alone([...'abcdabcd'].map(look), ['list_files'], { stagnation: 150 }),
    ],
    'a model that searches for what is not there': [
      'limit-loop',
      alone([use('search_files', { text: 'x' })], ['search_files']),
    ],
    'an agent that writes to another for ever': [
      'limit-turns',
      {
        ...alone([use('send_message', { to: 'ben', payload: 'Hello?' })], ['send_message']),
        more: { ann: { tools: ['send_message'] }, ben: {} },
      },
    ],
    'an agent that looks for messages for ever': [
      'limit-loop',
      alone([use('read_messages')], ['read_messages']),
    ],
    'two agents that ask each other': [
      'limit-loop',
      { pattern: pipeline('ann'), parts: { ann: asks('ben'), ben: asks('ann') }, each: asking },
    ],
    'agents that ask one another in a chain without end': [
      'limit-loop',
      {
        pattern: pipeline('ann'),
        parts: { ann: asks('ben'), ben: asks('cid'), cid: asks('dan'), dan: asks('eve'), eve: asks('ann') },
        each: asking,
        rest: { limits: { depth: 2 } },
      },
    ],
    'an agent that asks others something new for ever': [
      'limit-invocations',
      {
        pattern: pipeline('ann'),
        parts: {
          ann: counting(turn => use('ask_agent', { agent: 'ben', question: `${turn}?` })),
          ben: ['Yes.'],
        },
        more: { ann: asking },
        rest: { limits: { invocations: 8 } },
      },
    ],
    'blank messages': ['reply-empty', { ...alone(['']), more: { ann: quick } }],
    'the same wrong answer again and again': [
      'check-failed',
      { ...alone(['no']), more: { ann: { ...quick, check: [{ that: 'output == "yes"' }] } } },
    ],
    'ever new wrong answers': [
      'output-invalid',
      { ...alone(counting(turn => `no ${turn}`)), more: { ann: { ...quick, output: { type: 'object' } } } },
    ],
    'a judge that is never content': [
      'check-failed',
      {
        pattern: pipeline('ann'),
        parts: { ann: counting(turn => `draft ${turn}`), ben: [{ accepted: false, why: 'No.' }] },
        more: { ann: { ...quick, check: [{ judge: { by: 'ben', rubric: 'It is perfect.' } }] } },
      },
    ],
    'a storm of retries against a server that is down': [
      'server-error',
      async () => {
        const { env } = await modelServer(json(500, { error: { message: 'down' } }))
        return finish(await team({ agents: { ann: quick }, pattern: pipeline('ann') }), {
          input: { task: 'go' },
          env,
        })
      },
    ],
    'agents that stand in for each other in a circle': [
      'command-failed',
      {
        pattern: pipeline('ann'),
        parts: {},
        more: {
          ann: program(['false'], { fallback: ['ben'] }),
          ben: program(['false'], { fallback: ['ann'] }),
        },
      },
    ],
    'a server that sends a byte now and then': ['timeout', behind(drip(20), { total: '150ms', idle: '10s' })],
    'a server that falls silent in the middle': [
      'timeout',
      behind(stallAfter([{ choices: [] }]), { idle: '80ms' }),
    ],
    'a server that never begins': ['timeout', behind(silence, { firstByte: '80ms' })],
    'a service that redirects in a circle': [
      'request-rejected',
      async () => {
        const { url } = await modelServer(answer(302, '', { location: '/' }))
        const ann = { kind: 'http', url, effects: 'pure' }
        return finish(await team({ agents: { ann }, pattern: pipeline('ann') }), { input: { task: 'go' } })
      },
    ],
    'a command that sleeps': ['timeout', commands(program(['sleep', '60'], { timeout: { total: '50ms' } }))],
    'a command that does not listen when it is told to end': [
      'timeout',
      commands(
        program(['node', '-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 9)'], {
          timeout: { total: '200ms' },
        }),
      ),
    ],
    'a command that starts others and leaves them behind': [
      'timeout',
      commands(program(['sh', '-c', 'sleep 60 & sleep 60'], { timeout: { total: '50ms' } })),
    ],
    'a command that writes for ever': ['command-failed', commands(program(['yes']))],
    'a run that is slow for too long': [
      'limit-time',
      commands(program(['sleep', '60']), { limits: { time: '100ms' } }),
    ],
    'a person who never answers': [
      'timeout',
      async () => {
        const ann = { kind: 'human', timeout: { total: '1ms' } }
        const busy = program(['sleep', '0.05'])
        const pattern = { kind: 'parallel', branches: ['ann', 'busy'] }
        return finish(await team({ agents: { ann, busy }, pattern }), { input: { task: 'go' } })
      },
    ],
    'a list that has no end': [
      'limit-invocations',
      {
        parts: { ann: ['x'] },
        pattern: { kind: 'parallel', each: '${input.items}', agent: 'ann' },
        rest: { input: { items: { type: 'array' } }, limits: { invocations: 6 } },
        input: { items: Array.from({ length: 500 }, (_, n) => n) },
      },
    ],
    'a team inside of a team that runs away': [
      'limit-loop',
      {
        pattern: pipeline('ann'),
        parts: { bob: [look('.')] },
        more: {
          ann: { kind: 'team', team: inner({ role: 'You are bob.', tools: ['list_files'] }) },
          bob: {},
        },
      },
    ],
    'a team inside of a team that takes for ever': [
      'timeout',
      commands({ kind: 'team', team: inner(program(['sleep', '60']), { limits: { time: '60ms' } }) }),
    ],
    'a team inside of a team that asks too much': [
      'limit-invocations',
      commands({
        kind: 'team',
        team: {
          ...inner(program(['true']), { limits: { invocations: 3 } }),
          pattern: { kind: 'parallel', each: '${["a", "b", "c", "d", "e"]}', agent: 'bob' },
        },
      }),
    ],
  })
})
