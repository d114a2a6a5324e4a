import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadTeam, reviveTeam } from '../../src/team/load.ts'
import { formatProblems } from '../../src/team/source/problem.ts'

const GOOD = 'test/fixtures/teams/good'
const BAD = 'test/fixtures/teams/bad'
const isTeam = (name: string) => /\.(yaml|jsonc?)$/.test(name)
const good = (await readdir(GOOD)).filter(isTeam)
const bad = (await readdir(BAD)).filter(isTeam)

describe('a good team file', () => {
  it.each(good)('%s is loaded without a warning', async name => {
    const team = await loadTeam(join(GOOD, name))
    expect(formatProblems(team.problems)).toBe('')
  })

  it.each(good)('%s can be revived from what it pinned', async name => {
    const team = await loadTeam(join(GOOD, name))
    const { pinned, root, files } = team
    const revived = reviveTeam(JSON.parse(JSON.stringify({ pinned, root, files })))
    expect(revived).toMatchObject({ definition: team.definition, pinned: team.pinned, root: team.root })
  })

  it('brings in its files and fills in what it leaves out', async () => {
    const { definition, root } = await loadTeam(join(GOOD, 'research.yaml'))
    expect(definition.agents.summarizer).toMatchObject({ role: expect.stringMatching(/^You summarize/) })
    expect(definition.limits).toEqual({
      concurrency: 8,
      turns: 30,
      invocations: 200,
      stagnation: 200_000,
      depth: 4,
      time: 600_000,
    })
    expect(root).toBe(join(process.cwd(), GOOD))
  })

  it('may use aliases and merge keys', async () => {
    const { definition } = await loadTeam(join(GOOD, 'branches.yaml'))
    expect(definition.agents.ben).toEqual({ role: 'You argue against it.', retry: { attempts: 2 } })
  })
})

describe('a bad team file', () => {
  it.each(bad)('%s is refused with all that is wrong, and where', async name => {
    const path = join(BAD, name)
    const error = await loadTeam(path).catch(error => error)
    expect(error).toMatchObject({ name: 'CrewError', code: 'definition' })
    expect(error.details.hint).toMatch(/^mend the /)
    await expect(`${error.message}\n`).toMatchFileSnapshot(`../../${path}.txt`)
  })

  it('never shows a secret or anything that a terminal obeys', async () => {
    for (const name of bad) {
      const { message } = await loadTeam(join(BAD, name)).catch(error => error)
      expect(message).not.toMatch(/AIzaSyA1|abcdefghijklmnop1234|sk-abcdefghij|\p{Bidi_Control}/u)
      expect(message.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    }
  })
})

describe('the path of a team file', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crew-team-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it.each([
    ['missing.yaml', undefined, 'there is no such file'],
    ['binary.yaml', Buffer.from([110, 0, 1, 2]), 'the file is not text'],
    ['utf16.yaml', Buffer.from('\ufeffname: x', 'utf16le'), 'the file is UTF-16'],
    ['latin1.yaml', Buffer.from('name: caf\u00e9', 'latin1'), 'the file is not UTF-8'],
    ['large.yaml', Buffer.alloc(256 * 1024 + 1, 'a'), 'the file is larger than 256 KiB'],
  ])('%s is refused: %s', async (name, content, message) => {
    const path = join(folder, name)
    if (content) await writeFile(path, content)
    await expect(loadTeam(path)).rejects.toMatchObject({ code: 'definition', message: `${path}: ${message}` })
  })

  it('may not be a folder', async () => {
    await expect(loadTeam(folder)).rejects.toMatchObject({
      message: `${folder} is a folder`,
      details: { hint: `give a file: ${join(folder, 'team.yaml')}` },
    })
  })

  it('needs no extension, and a byte order mark does no harm', async () => {
    const path = join(folder, 'team')
    await writeFile(
      path,
      '\ufeffname: x\nagents: { a: { role: x } }\npattern: { kind: pipeline, stages: [a] }\n',
    )
    expect((await loadTeam(path)).definition.name).toBe('x')
    await writeFile(
      path,
      '// JSON\n{"name":"y","agents":{"a":{"role":"x"}},"pattern":{"kind":"pipeline","stages":["a"]}}',
    )
    expect((await loadTeam(path)).definition.name).toBe('y')
  })

  it('does not matter to a team that was pinned before its files changed', async () => {
    await cp(GOOD, folder, { recursive: true })
    const { definition, ...pinned } = await loadTeam(join(folder, 'research.yaml'))
    await rm(join(folder, 'prompts'), { recursive: true })
    expect(reviveTeam(pinned).definition).toEqual(definition)
  })

  it('bounds what a team may include, links too', async () => {
    await cp(GOOD, join(folder, 'team'), { recursive: true })
    await writeFile(join(folder, 'secret.txt'), 'secret')
    await rm(join(folder, 'team/prompts/summarizer.md'))
    await symlink(join(folder, 'secret.txt'), join(folder, 'team/prompts/summarizer.md'))
    await expect(loadTeam(join(folder, 'team/research.yaml'))).rejects.toThrow(
      /outside of the folder of the team file/,
    )
  })
})

it('refuses to revive what is no team, without reading a file', () => {
  expect(() =>
    reviveTeam({
      pinned: { name: 'x', agents: {}, pattern: { kind: 'pipeline', stages: ['a'] } },
      root: '/',
      files: {},
    }),
  ).toThrow(/pinned-definition\.json:\d+:\d+: error: pattern\.stages\[0\]: there is no agent "a"/)
})
