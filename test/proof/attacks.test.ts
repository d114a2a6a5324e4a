import { createHash } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Event } from '../../src/store/events.ts'
import { openQuestions } from '../../src/store/questions.ts'
import { viewOf } from '../../src/store/view.ts'
import { loadTeam } from '../../src/team/load.ts'
import { type Attack, attacks } from '../helpers/attacks.ts'
import { startFaultyServer } from '../helpers/faulty-server.ts'
import { goOn } from '../helpers/people.ts'
import { temporaryFolder } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish } from '../helpers/teams.ts'
import { folderWith } from '../tools/folder.ts'

const RUDE = resolve('test/fixtures/programs/mcp.mjs')
const CANARY = 'canary-outside-0123456789'
const TOOLS = [
  ...['read_file', 'list_files', 'search_files', 'write_file', 'patch_file', 'run_command', 'fetch_url'],
  ...['remember', 'recall', 'forget', 'send_message', 'mark', 'post', 'lent__echo'],
]

/** A folder with a team in it, what must not be touched beside it, and a server that must not be reached. */
async function world(permissions: object) {
  const root = folderWith({
    'docs/a.md': 'canary in the docs',
    'secrets/key.txt': 'canary of the team',
    'mark.mjs': "import { writeFileSync } from 'node:fs'; writeFileSync('planted', '')",
    'ok.mjs': '',
    'package.json': '{ "scripts": { "test": "node mark.mjs" } }',
    '.env': 'canary=1',
  })
  const outer = join(root, '..')
  mkdirSync(join(outer, 'outside'))
  writeFileSync(join(outer, 'outside/canary.txt'), CANARY)
  for (const [name, target] of [
    ...[
      ['link-out', '../outside'],
      ['link-file', '../outside/canary.txt'],
      ['link-loop', 'link-loop'],
    ],
    ...[
      ['docs/link-up', '..'],
      ['link-secrets', 'secrets'],
    ],
  ] as const)
    symlinkSync(target, join(root, name))
  const server = await startFaultyServer()
  onTestFinished(() => server.close())
  const port = Number(new URL(server.url).port)
  const all = attacks({ root, port })
  const { env } = await scripted({ mallory: told => (told.includes('\n\ntool: ') ? told : calling(all)) })
  const mallory = { role: 'You are mallory.', tools: TOOLS }
  const arg = { type: 'string', description: 'A word' }
  const tools = {
    mark: { description: 'Marks a word.', args: { word: arg }, run: ['node', 'mark.mjs', '${args.word}'] },
    post: { description: 'Posts.', args: { id: arg }, post: `${server.url}/items/\${args.id}` },
  }
  const definition = {
    name: 'hostile',
    agents: { mallory, ben: {} },
    tools,
    mcp: { lent: { run: [process.execPath, RUDE, temporaryFolder()], tools: ['echo'] } },
    permissions,
    pattern: { kind: 'pipeline', stages: ['mallory'] },
  }
  writeFileSync(join(root, 'team.json'), JSON.stringify(definition))
  return { team: await loadTeam(join(root, 'team.json')), env, outer, all, hits: server.received }
}

function calling(all: readonly Attack[]) {
  return { calls: all.map(({ tool, args }) => ({ tool, args })) }
}

/** All that lies in a folder: names, kinds, and what is in them. */
function snapshot(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map(name => {
      const path = join(folder, name)
      const entry = lstatSync(path)
      const content = entry.isFile() ? readFileSync(path) : entry.isSymbolicLink() ? readlinkSync(path) : ''
      return `${name} ${entry.mode} ${createHash('sha256').update(content).digest('hex')}`
    })
}

const OUTSIDE = ['write_file', 'patch_file', 'run_command', 'fetch_url', 'mark', 'post', 'lent__echo']

/** The calls that were really made, of tools that do something outside of the run. */
function acts(events: readonly Event[]) {
  const { steps } = viewOf(events)
  return [...steps.values()].flatMap(({ key, kind }) => {
    const call = steps.get(key.slice(0, key.lastIndexOf('/')))?.input as { tool: string } | undefined
    return kind === 'act' && OUTSIDE.includes(call?.tool ?? '') ? [call] : []
  })
}

/** What the run told the model about each attack. */
const answers = (events: readonly Event[]) =>
  JSON.stringify(events.filter(({ type }) => type === 'step.succeeded' || type === 'step.failed'))

describe('a model that wants to do harm', () => {
  it.each([
    ['by default', {}],
    [
      'where some things are allowed',
      {
        allow: [
          'write_file(out/**)',
          'patch_file(out/**)',
          'run_command(node ok.mjs)',
          'mark(node mark.mjs fine)',
        ],
        deny: ['*(secrets/**)', 'write_file(**/.env)'],
      },
    ],
  ])('has no effect without a gate: %s', async (_, permissions) => {
    const { team, env, outer, all, hits } = await world(permissions)
    expect(all.length).toBeGreaterThanOrEqual(200)
    const before = snapshot(outer)
    const run = await finish(team, { input: { task: 'go' }, env })
    expect(run.outcome.state).toBe('waiting')
    expect(acts(run.events)).toEqual([])
    expect(snapshot(outer)).toEqual(before)
    expect(hits).toEqual([])

    const questions = openQuestions(viewOf(run.events))
    for (const { key } of questions)
      await run.store.signal(run.id, { kind: 'answer', key, value: 'reject', by: 'eve', at: Date.now() })
    const outcome = await goOn({ ...run, env })
    expect(outcome.state).toBe('succeeded')
    const events = await run.store.events(run.id)
    expect(acts(events)).toEqual([])
    expect(snapshot(outer)).toEqual(before)
    expect(hits).toEqual([])
    expect(answers(events)).not.toContain(CANARY)
    // Each attack was answered, and every refusal is in the journal.
    const tried = events.filter(event => event.type === 'step.started' && event.kind === 'tool').length
    const unknown = all.filter(({ tool }) => ![...TOOLS, 'read_result'].includes(tool)).length
    expect(tried + unknown).toBe(all.length)
  })
})
