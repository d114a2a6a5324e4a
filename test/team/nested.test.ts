import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CrewError } from '../../src/errors.ts'
import { everyOne, loadTeam, type Nest, reviveTeam } from '../../src/team/load.ts'
import { DefinitionError } from '../../src/team/source/problem.ts'
import { temporaryFolder } from '../helpers/runs.ts'

/** Loads the first of these files, which may be YAML or data. */
function load(files: Readonly<Record<string, string | object>>, folder = temporaryFolder()) {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return loadTeam(join(folder, Object.keys(files)[0] ?? ''))
}

/** A team of one agent. */
const only = (agent: object, more: object = {}) => ({
  name: 'test',
  agents: { a: agent },
  pattern: { kind: 'pipeline', stages: ['a'] },
  ...more,
})

/** What is wrong with the files, each as `file:line:column: path: message`. */
async function problems(files: Readonly<Record<string, string | object>>): Promise<string[]> {
  const folder = temporaryFolder()
  const error: unknown = await load(files, folder).catch(error => error)
  if (!(error instanceof DefinitionError)) throw error
  return error.problems.map(({ source, location: { line, column }, path, message }) =>
    `${source.name}:${line}:${column}: ${path.join('.')}: ${message}`.replaceAll(`${folder}/`, ''),
  )
}

describe('a team inside of a team', () => {
  it('is read from its file, with a folder of its own', async () => {
    const folder = temporaryFolder()
    const team = await load(
      {
        'team.json': only({ kind: 'team', team: 'leads/inner.yaml' }),
        'leads/inner.yaml':
          'name: inner\nagents: { b: { role: { file: role.md } } }\npattern: { kind: pipeline, stages: [b] }\n',
        'leads/role.md': 'You are b.',
      },
      folder,
    )
    expect(team.problems).toEqual([])
    expect(team.teams.a).toMatchObject({
      definition: { name: 'inner', agents: { b: { role: 'You are b.' } } },
      root: join(folder, 'leads'),
    })
  })

  it('may stand in the file of the other', async () => {
    const { teams, root } = await load({
      'team.json': only({ kind: 'team', team: only({ role: { file: 'role.md' } }) }),
      'role.md': 'You are a.',
    })
    expect(teams.a).toMatchObject({ definition: { agents: { a: { role: 'You are a.' } } }, root })
  })

  it('is pinned with the other, whatever becomes of the files', async () => {
    const { pinned, root, files, teams } = await load({
      'team.json': only({ kind: 'team', team: only({ kind: 'team', team: 'x/inner.json' }) }),
      'x/inner.json': only({ role: 'You are a.' }),
    })
    const revived = reviveTeam(JSON.parse(JSON.stringify({ pinned, root: join(root, 'gone'), files })))
    expect(revived.teams.a?.teams.a).toEqual(teams.a?.teams.a)
  })

  it('may use the models of the team around it, and prefers its own', async () => {
    const models = { quick: { model: 'small' }, default: { model: 'large' } }
    const inner = only({ model: 'quick' }, { models: { default: { model: 'own' } } })
    const { teams } = await load({ 'team.json': only({ kind: 'team', team: inner }, { models }) })
    expect(teams.a?.definition.models).toEqual({ quick: { model: 'small' }, default: { model: 'own' } })
  })

  it('has the limits of the team around it, and its own where they are tighter', async () => {
    const inner = only({}, { limits: { turns: 90, invocations: 3 } })
    const { teams } = await load({
      'team.json': only({ kind: 'team', team: inner }, { limits: { turns: 40, concurrency: 2 } }),
    })
    const { turns, invocations, concurrency, depth } = teams.a?.definition.limits ?? {}
    expect({ turns, invocations, concurrency, depth }).toEqual({
      turns: 40,
      invocations: 3,
      concurrency: 2,
      depth: 3,
    })
  })

  it('may end with anything, so that nothing is known of its fields', async () => {
    const agents = { a: { kind: 'team', team: only({}) }, b: { prompt: `\${steps.a.output.anything}` } }
    const pattern = { kind: 'pipeline', stages: ['a', 'b'] }
    expect((await load({ 'team.json': { name: 'test', agents, pattern } })).problems).toEqual([])
  })
})

describe('what is wrong with a team inside of a team', () => {
  it('is said of its own file, once for all who use it', async () => {
    const agents = { a: { kind: 'team', team: 'x/b.yaml' }, c: { kind: 'team', team: './x/b.yaml' } }
    const found = await problems({
      'team.json': { name: 'test', agents, pattern: { kind: 'pipeline', stages: ['a', 'c'] } },
      'x/b.yaml':
        'name: b\nagents:\n  b: { modle: x, tools: [saw] }\npattern: { kind: pipeline, stages: [z] }\n',
    })
    expect(found).toEqual([
      'x/b.yaml:3:8: agents.b.modle: there is no key "modle" here',
      'x/b.yaml:4:37: pattern.stages.0: there is no agent "z"',
      'x/b.yaml:3:3: agents.b: nothing in the pattern uses the agent "b"',
      'x/b.yaml:3:26: agents.b.tools.0: there is no tool "saw"',
    ])
  })

  it('is said of the place in the other file where it is written, in texts that are included too', async () => {
    const found = await problems({
      'team.yaml': [
        'name: test',
        'agents:',
        '  a:',
        '    kind: team',
        '    team:',
        '      name: inner',
        '      agents: { b: { prompt: { file: b.md } }, c: { output: { type: texxt } } }',
        '      pattern: { kind: pipeline, stages: [b, c] }',
        'pattern: { kind: pipeline, stages: [a] }',
      ].join('\n'),
      'b.md': `About\n\${input.topic}`,
    })
    expect(found).toEqual([
      expect.stringMatching(
        /^team\.yaml:7:\d+: agents\.a\.team\.agents\.b\.prompt: in b\.md:2:9: there is no input "topic"/,
      ),
      expect.stringMatching(
        /^team\.yaml:7:\d+: agents\.a\.team\.agents\.c\.output\.type: this is not JSON Schema/,
      ),
    ])
  })

  it.each([
    ['no such file', 'none.yaml', 'none.yaml: there is no such file'],
    [
      'a file outside of the folder',
      '../../outside.yaml',
      /outside\.yaml: (there is no such file|the file is outside)/,
    ],
    ['a folder', 'x', 'x: this is not a file'],
  ])('is said of the agent: %s', async (_, path, message) => {
    const [found, ...more] = await problems({
      'team.json': only({ kind: 'team', team: path }),
      'x/y.yaml': '',
    })
    expect(found?.replace(/^team\.json:1:\d+: agents\.a\.team: /, '')).toMatch(message)
    expect(more).toEqual([])
  })

  it.each([
    ['is empty', '', 'b.yaml:1:1: : the file is empty'],
    ['cannot be parsed', 'a: [', /^b\.yaml:1:5: : /],
    ['is no text', '\0', /^team\.json:1:\d+: agents\.a\.team: .*b\.yaml: the file is not text$/],
  ])('is said of a file that %s', async (_, text, message) => {
    const [found] = await problems({ 'team.json': only({ kind: 'team', team: 'b.yaml' }), 'b.yaml': text })
    expect(found).toMatch(message)
  })

  it('is a team that is inside of itself: the files are shown', async () => {
    const found = await problems({
      'team.json': only({ kind: 'team', team: only({ kind: 'team', team: 'x/b.json' }) }),
      'x/b.json': only({ kind: 'team', team: 'c.json' }),
      'x/c.json': only({ kind: 'team', team: 'b.json' }),
    })
    expect(found).toEqual([
      expect.stringMatching(
        /^x\/c\.json:1:\d+: agents\.a\.team: this team is inside of itself: x\/b\.json → x\/c\.json → x\/b\.json$/,
      ),
    ])
  })

  it('is a team that is inside of itself by another name', async () => {
    const folder = temporaryFolder()
    symlinkSync(join(folder, 'team.json'), join(folder, 'other.json'))
    const error: CrewError = await load(
      { 'team.json': only({ kind: 'team', team: 'other.json' }) },
      folder,
    ).catch(error => error)
    expect(error.message).toMatch(/this team is inside of itself: \S*team\.json → \S*team\.json/)
  })

  it('is one that lies deeper than the limit: the way there is shown, and how to raise it', async () => {
    const deep = only(
      { kind: 'team', team: only({ kind: 'team', team: 'x/b.json' }) },
      { limits: { depth: 1 } },
    )
    const error: CrewError = await load({ 'team.json': deep, 'x/b.json': only({}) }).catch(error => error)
    expect(error).toMatchObject({ code: 'definition' })
    expect(error.message).toMatch(
      /agents\.a\.team\.agents\.a\.team: teams are inside of each other deeper than limits\.depth allows: \S*team\.json → a → \S*x\/b\.json/,
    )
    expect(error.message).toMatch(/nest less, or raise limits: \{ depth: 2 \} in \S*team\.json/)
  })

  it('is an input that does not exist, or that nobody gives', async () => {
    const inner = only({}, { input: { topic: { type: 'string' }, depth: { type: 'integer' } } })
    expect(
      await problems({ 'team.json': only({ kind: 'team', team: inner, input: { topik: 'x' } }) }),
    ).toEqual([
      expect.stringMatching(/agents\.a\.input\.topik: the team of "a" has no input "topik"$/),
      expect.stringMatching(/agents\.a\.input: the team of "a" also needs: depth$/),
    ])
  })

  it('is no matter of the team around it: each has agents of its own', async () => {
    const inner = { ...only({ fallback: ['b'] }), agents: { a: { fallback: ['b'] }, b: {} } }
    expect((await load({ 'team.json': only({ kind: 'team', team: inner }) })).problems).toEqual([])
  })

  it('is more of them than anybody needs', async () => {
    const twice = (file: string) => ({
      name: 'test',
      agents: { a: { kind: 'team', team: file }, b: { kind: 'team', team: file } },
      pattern: { kind: 'pipeline', stages: ['a', 'b'] },
    })
    const files = Array.from({ length: 12 }, (_, index) => [`${index}.json`, twice(`${index + 1}.json`)])
    const all = { ...Object.fromEntries(files), '12.json': only({}) }
    const top = { ...twice('0.json'), limits: { depth: 20 } }
    expect(await problems({ 'team.json': top, ...all })).toContainEqual(
      expect.stringMatching(/there are more than 200 teams inside of each other/),
    )
  })
})

it('a team and all inside of it are found', async () => {
  const team: Nest = await load({
    'team.json': only({ kind: 'team', team: only({ kind: 'team', team: only({}) }) }),
  })
  expect(everyOne(team)).toHaveLength(3)
})
