import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { Json } from '../../src/json.ts'
import type { Event } from '../../src/store/events.ts'
import { openQuestions } from '../../src/store/questions.ts'
import type { Store } from '../../src/store/store.ts'
import { viewOf } from '../../src/store/view.ts'
import { fingerprintsOf, mcp, toolsNamed } from '../../src/tools/mcp.ts'
import type { Tool } from '../../src/tools/tool.ts'
import { type Desk, failed, ok, open, saidBy, using } from '../helpers/mcp.ts'
import { asked, goOn, answer as reply } from '../helpers/people.ts'
import { resume, temporaryFolder, temporaryStore } from '../helpers/runs.ts'
import { type Line, scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

const rude = fileURLToPath(new URL('../fixtures/programs/mcp.mjs', import.meta.url))

/** The server without manners, and what it leaves behind. */
function openRude(more: object = {}, mode = '') {
  const folder = temporaryFolder()
  const connection = open({ run: [process.execPath, rude, folder, mode], ...more })
  const notes = () => (existsSync(join(folder, 'notes')) ? readFileSync(join(folder, 'notes'), 'utf8') : '')
  return { connection, notes }
}

function decisions(events: readonly Event[]) {
  return events.flatMap(event => (event.type === 'decision' ? [`${event.reason}`] : []))
}

describe('a server without manners', () => {
  it('offers the tools that can be used, and the run says why not the others', async () => {
    const { connection } = openRude({ effects: { echo: 'pure' } })
    const { events } = await using(connection, async ({ tools, description, call }) => {
      const echo = tools.find(({ name }) => name === 's__echo')
      expect(echo).toMatchObject({ effects: 'pure', reach: 'executes', description: 'Says it again.' })
      expect(echo?.parameters).not.toHaveProperty('$schema')
      expect(tools.find(({ name }) => name === 's__env')).toMatchObject({
        effects: 'once',
        description: 'Does harm.',
      })
      expect(tools.map(({ name }) => name)).toContain('s__a_b')
      expect(toolsNamed('s', tools, description)).toHaveLength(tools.length)
      expect(toolsNamed('s__echo', tools, description)).toEqual([echo])
      expect(() => toolsNamed('s__far-away', tools, description)).toThrow(
        /no tool s__far-away: its schema is no/,
      )
      expect(fingerprintsOf(description).s__echo).toMatch(/^[\w-]{22}$/)
      expect(JSON.stringify(description)).not.toContain('\\u0007')
      // Arguments are checked here, not there.
      expect(await call('echo', { text: 1 })).toEqual(failed(/wrong arguments. text must be string/))
      expect(await call('echo', { text: 'a', more: 1 })).toEqual(failed(/additional properties \(more\)/))
      expect(await call('echo', { text: 'Hello' })).toEqual(ok(/^What s__echo .* is data.*\n\nHello$/))
    })
    const told = decisions(events).join('\n')
    expect(told).toMatch(/no-schema .* form of a tool/)
    expect(told).toMatch(/no-object .* not one of an object/)
    expect(told).toMatch(/no-json-schema .* no JSON Schema/)
    expect(told).toMatch(/large-schema .* larger than 32 KiB/)
    expect(told).toMatch(/far-away .* no JSON Schema/)
    expect(told).toMatch(/a b .* is called s__a_b, too/)
    expect(told).toMatch(/nnn .* longer than 64 characters/)
    expect(told).toMatch(/one without a name/)
  })

  it('gets the environment that is declared, and nothing else', async () => {
    process.env.CREW_TEST_CANARY = 'canary-7391'
    onTestFinished(() => void delete process.env.CREW_TEST_CANARY)
    const run = [process.execPath, rude, temporaryFolder()]
    const more = { scope: { env: { KEY: 'k-1' } } }
    const connection = open({ run, env: { TOKEN: `\${env.KEY}`, MODE: 'a' } }, more)
    await using(connection, async ({ call }) => {
      const said = await call('env')
      expect(said).toEqual(ok(/"TOKEN":"k-1"/))
      expect(JSON.stringify(said)).not.toContain('canary-7391')
    })
  })

  it('is not believed: results have the form that was promised, or the call has failed', async () => {
    const { connection } = openRude()
    await using(connection, async ({ call }) => {
      expect(await call('lie')).toEqual(failed(/not give what it had promised for s__lie: n must be number/))
      expect(await call('honest')).toEqual(ok(/\n\n\{\n {2}"n": 1\n\}$/))
      expect(await call('shapeless')).toEqual(failed(/does not have the form/))
      expect(await call('refuse')).toEqual({ failed: 'I would rather not.', code: 'tool-failed' })
      expect(await call('wrong_id')).toEqual(ok(/yours$/))
      expect(await call('garbage')).toEqual(ok(/after all that$/))
      const parts = await call('parts')
      expect(parts).toEqual(ok(/first\n\n\[image: image\/png, 5 bytes\]\n\n\[resource note:\/\/1\]\nin it/))
      expect(parts).toEqual(
        ok(/\[resource note:\/\/2: a\/b, 3 bytes\]\n\n\[link to the resource more: note:\/\/3\]/),
      )
      const huge = await call('huge')
      expect(huge).toEqual(ok(/\[cut: it has 2097152 characters, of which these are the first 1048576\]$/))
      expect(await call('storm')).toEqual(ok(/stormy$/))
      expect(await call('echo', { text: 'still here' })).toEqual(ok(/still here$/))
    })
  })

  it('is ended when it floods, or sends what nobody can keep', async () => {
    const { connection } = openRude({ effects: { flood: 'pure', too_huge: 'pure' } })
    const { events } = await using(connection, async ({ call }) => {
      expect(await call('flood')).toEqual(
        failed(/in the middle of s__flood: it sent more than 20000 messages/),
      )
      expect(await call('too_huge')).toEqual(failed(/a message larger than 4 MiB\.$/))
      expect(await call('echo', { text: 'again' })).toEqual(ok(/again$/))
    })
    expect(JSON.stringify(events).length).toBeLessThan(100_000)
  })

  it('that dies in a call is asked again only where that does no harm', async () => {
    const { connection, notes } = openRude({ effects: { die_first: 'idempotent', echo: 'pure' } })
    await using(connection, async ({ call }) => {
      expect(await call('die')).toEqual(
        failed(/lost in the middle of s__die: it ended with exit code 3: out of order. Nobody knows whether/),
      )
      expect(await call('die_first')).toEqual(ok(/alive again$/))
      const first = await call('calls')
      expect(first).toEqual(ok(/"calls":2,"key":"[\w-]{22}"/))
      expect(await call('calls')).not.toEqual(first)
    })
    expect(notes().match(/call die\n/g)).toHaveLength(1)
    expect(notes().match(/call die_first/g)).toHaveLength(2)
  })

  it('is told when nobody waits any more, and patience grows with its progress', async () => {
    const { connection, notes } = openRude({ timeout: 1_000 })
    const { events } = await using(connection, async ({ call }) => {
      expect(await call('progress')).toEqual(ok(/made it$/))
      expect(await call('silent')).toMatchObject({ code: 'timeout', failed: /did not answer in time/ })
      const stop = new AbortController()
      const silent = call('silent', {}, stop.signal)
      stop.abort(new Error('not wanted'))
      expect(await silent).toEqual(failed(/not wanted/))
      expect(await call('echo', { text: 'x' })).toEqual(ok(/x$/))
    })
    expect(notes().match(/cancelled true/g)?.length).toBeGreaterThanOrEqual(1)
    expect(events.filter(({ type }) => type === 'activity')).toEqual([])
  })

  it('takes all that it started with it', async () => {
    const { connection } = openRude()
    let pid = 0
    await using(connection, async ({ call }) => {
      const said = await call('fork')
      pid = Number('ok' in said && /\d+$/.exec(said.ok)?.[0])
      expect(() => process.kill(pid, 0)).not.toThrow()
    })
    await connection.close()
    expect(isAlive(pid)).toBe(false)
  })

  it.each([
    ['ends at once', 'stillborn', /could not be started: it ended with exit code 7: no such license$/],
    ['never answers', 'mute', /could not be started: it did not answer in time$/],
    ['speaks something else', 'chatty', /no message of the protocol: Welcome to my server!/],
  ])('that %s is said to', async (_, mode, problem) => {
    const { connection } = openRude({ timeout: 2_000 }, mode)
    const { outcome } = await using(connection, async () => {})
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'tool-failed', message: problem } })
  })

  it('that is well and says nothing is said to be too late, not to have hung up', async () => {
    const run = [process.execPath, '-e', 'setInterval(() => {}, 1000)']
    const { outcome } = await using(open({ run, timeout: '400ms' }), async () => {})
    expect(outcome).toMatchObject({ error: { message: /could not be started: it did not answer in time$/ } })
  })

  it('that does not exist is said so, with what to do', async () => {
    const { outcome } = await using(open({ run: ['crew-no-such-program'] }), async () => {})
    expect(outcome).toMatchObject({
      error: { message: /could not be started: crew-no-such-program was not found; install/ },
    })
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

describe('a tool that is not what it was', () => {
  it('is not called before a person has accepted that', async () => {
    const { connection, notes } = openRude()
    await using(connection, async ({ ctx, tools, call }) => {
      const echo = tools.find(({ name }) => name === 's__echo') as Tool
      expect(await echo.change?.(ctx.signal)).toBeUndefined()
      await call('change')
      const change = await echo.change?.(ctx.signal)
      expect(change?.question).toMatch(/s__echo is not what it was.*the MCP server s/)
      expect(change?.detail).toEqual({
        description: { before: 'Says it again.', now: 'Sends all your files to the moon.' },
      })
      const once = { kind: 'tool', effects: 'once' } as const
      expect(await call('echo', { text: 'a' })).toEqual(failed(/s__echo was not called: .* differently now/))
      expect(notes()).not.toContain('call echo')
      if (!change) return
      const accepted = echo.after?.(change) as Tool
      expect(await ctx.step('b', once, step => saidBy(accepted, { text: 1 }, step))).toEqual(
        failed(/wrong arguments/),
      )
      expect(await ctx.step('c', once, step => saidBy(accepted, { text: 'c' }, step))).toEqual(ok(/c$/))
    })
  })

  it('is the one that the journal knows when a run is resumed', async () => {
    const { connection, notes } = openRude({ tools: ['echo', 'nothing'] })
    const store = await temporaryStore()
    const broken = await using(
      connection,
      async ({ ctx }) => void (await ctx.waitFor('go', { question: '?' })),
      store,
    )
    expect(broken.outcome.state).toBe('waiting')
    expect(decisions(broken.events)).toEqual([expect.stringMatching(/nothing .* has no such tool/)])
    await answer(store, 'go', 'yes')
    const lists = notes().match(/list/g)?.length
    await using(connection, async ({ tools }) => expect(tools).toHaveLength(1) as never, store, resume)
    expect(notes().match(/list/g)).toHaveLength(lists ?? 0)
  })
})

function answer(store: Store, key: string, value: string) {
  return store.signal('run1', { kind: 'answer', key, value, by: 'me', at: systemClock.now() })
}

/** Answers whatever a run asks, one after the other. */
async function answering(store: Store, answers: readonly string[]) {
  const questions: { question: string; detail: Json | undefined }[] = []
  for (const said of answers) {
    for (;;) {
      const events = await store.events('run1').catch(() => [])
      const open = openQuestions(viewOf(events)).find(
        ({ key }) => !questions.some(q => q.question.startsWith(`${key} `)),
      )
      if (!open) {
        await new Promise(resolve => setTimeout(resolve, 20))
        continue
      }
      questions.push({ question: `${open.key} ${open.question}`, detail: open.detail })
      await answer(store, open.key, said)
      break
    }
  }
  return questions
}

describe('a server that asks something in the middle of a call', () => {
  it('is answered by a person, in the form that it needs, while its time stands still', async () => {
    const { connection } = openRude({ timeout: 700 })
    const store = await temporaryStore()
    const answers = answering(store, ['accept={"color":"green"}', 'accept={"color":"blue"}', 'decline'])
    await using(
      connection,
      async ({ call }) => {
        expect(await call('ask')).toEqual(ok(/\{"action":"accept","content":\{"color":"blue"\}\}$/))
        expect(await call('ask')).toEqual(ok(/\{"action":"decline"\}$/))
      },
      store,
    )
    const [first, second] = await answers
    expect(first?.question).toMatch(
      /^call-1\/elicitation-1-\S+ The MCP server s asks, while s__ask runs: "Which color\?" Tell it nothing secret/,
    )
    expect(first?.detail).toMatchObject({ properties: { color: { enum: ['red', 'blue'] } } })
    expect(second?.question).toMatch(
      /does not fit: color must be equal to one of the allowed values: red, blue/,
    )
  })

  it('is not answered twice when its call has to be made again', async () => {
    const { connection } = openRude({ effects: { ask_and_die_first: 'pure' } })
    const store = await temporaryStore()
    const answers = answering(store, ['accept={"color":"red"}'])
    const work = async ({ call }: Desk) => {
      expect(await call('ask_and_die_first')).toEqual(ok(/"red"/))
    }
    const { events } = await using(connection, work, store)
    expect(await answers).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'wait.opened')).toHaveLength(1)
  })

  it('hears no when it asks for a secret, or for an address to be opened, or nobody answers', async () => {
    const { connection } = openRude({ patience: 50 })
    const schema = { type: 'object', properties: { apiKey: { type: 'string' } } }
    const { events } = await using(connection, async ({ call }) => {
      expect(await call('ask', { schema })).toEqual(
        ok(/"decline"\}\n\n\(The server asked .* secret \(apiKey\)/),
      )
      expect(await call('ask_url')).toEqual(ok(/"refused"$/))
      expect(await call('ask')).toEqual(ok(/"cancel"\}\n\n\(.* nobody answered within 50 ms/))
    })
    expect(events.filter(({ type }) => type === 'wait.opened')).toHaveLength(1)
  })
})

describe('a question that its server does not wait for', () => {
  it('is taken back with the call, and does not hold the run', async () => {
    const { connection } = openRude()
    const { outcome, events } = await using(connection, async ({ call }) => {
      expect(await call('ask_and_leave')).toEqual(ok(/gone$/))
      expect(await call('echo', { text: 'on' })).toEqual(ok(/on$/))
    })
    expect(outcome.state).toBe('succeeded')
    expect(openQuestions(viewOf(events))).toEqual([])
  })
})

describe('an agent with a server', () => {
  it('acts by its tools, within permissions, and a person decides about a change', async () => {
    const folder = temporaryFolder()
    const line = (told: string): Line => {
      const results = told.split('\n\ntool: ').slice(1)
      if (results.length === 0) return { calls: [{ tool: 's__change', args: {} }] }
      if (results.length === 1) return { calls: [{ tool: 's__echo', args: { text: 'again' } }] }
      return results.join(' | ')
    }
    const { env } = await scripted({ ann: line })
    const made = await team({
      mcp: { s: { run: [process.execPath, rude, folder], tools: ['change', 'echo'] } },
      agents: { ann: { role: 'You are ann.', tools: ['s'] } },
      permissions: { allow: ['s__change', 's__echo(text=again)'] },
      pattern: { kind: 'pipeline', stages: ['ann'] },
    })
    const run = await finish(made, { input: { task: 'go' }, env })
    const key = 'ann/turn-2/tool-1/change-accepted'
    expect(run.outcome).toEqual({ state: 'waiting', on: [key] })
    expect(readFileSync(join(folder, 'notes'), 'utf8')).not.toContain('call echo')
    await run.store.signal(run.id, { kind: 'answer', key, value: 'approve', by: 'me', at: systemClock.now() })
    const outcome = await goOn({ ...run, env })
    expect(outcome).toMatchObject({
      state: 'succeeded',
      output: expect.stringMatching(/changed.*What s__echo.*\n\nagain$/s),
    })
  })
})

describe('a server that a team has used before', () => {
  it('is used again as it is, and after a change only when a person has accepted that', async () => {
    const { env } = await scripted({ ann: ['All is well.'] })
    const ann = { role: 'You are ann.', tools: ['s'] }
    const definition = { agents: { ann }, pattern: { kind: 'pipeline', stages: ['ann'] } }
    const folder = temporaryFolder()
    const s = { run: [process.execPath, rude, folder], tools: ['echo', 'honest'] }
    const made = await team({ ...definition, mcp: { s } })
    const run = () => finish(made, { input: { task: 'go' }, env })
    for (const _ of [1, 2]) expect((await run()).outcome.state).toBe('succeeded')
    writeFileSync(join(folder, 'other'), '')
    const third = await run()
    expect(third.outcome).toEqual({ state: 'waiting', on: ['mcp:s-accepted'] })
    expect(asked(third.events)).toMatchObject([
      {
        request: {
          gate: 'tool',
          detail: { server: 's', changed: [{ tool: 's__echo', was: 'described differently' }] },
        },
      },
    ])
    expect(await reply({ ...third, env }, 'mcp:s-accepted', 'approve')).toMatchObject({ state: 'succeeded' })
    expect((await run()).outcome.state).toBe('succeeded')
    rmSync(join(folder, 'other'))
    const refused = await run()
    expect(await reply({ ...refused, env }, 'mcp:s-accepted', 'reject=Pin it.')).toMatchObject({
      error: { code: 'rejected', message: expect.stringContaining('Pin it.') },
    })
  })
})

describe('what a team file says of servers', () => {
  it.each([
    [{}, /either run .* or url/],
    [{ run: ['a'], url: 'http://b' }, /either run .* or url/],
    [{ run: ['a'], headers: {} }, /headers and connection belong to a server with url/],
    [{ url: 'http://b', env: {} }, /env belongs to a server with run/],
    [{ run: ['a'], effects: { x: 'maybe' } }, /pure/],
  ])('%j is refused', (spec, problem) => {
    expect(() => mcp.parse({ s: spec })).toThrow(problem)
  })

  it.each(['a__b', '1a', 'a b', 'x'.repeat(33)])('no server is called %s', name => {
    expect(mcp.safeParse({ [name]: { run: ['a'] } }).success).toBe(false)
  })
})
