import { describe, expect, it } from 'vitest'
import { team } from '../helpers/teams.ts'

const worker = (tools: readonly string[], permissions: object, more: object = {}) => ({
  agents: { ann: { role: 'A', tools } },
  pattern: { kind: 'pipeline', stages: ['ann'] },
  permissions,
  ...more,
})

async function warnings(definition: object): Promise<string[]> {
  const { problems } = await team(definition)
  expect(problems.filter(({ severity }) => severity !== 'warning')).toEqual([])
  return problems.map(({ message, hint }) => `${message} → ${hint}`)
}

const MCP = { mcp: { notes: { run: ['notes'], tools: ['search', 'drop'] }, open: { run: ['open'] } } }

describe('a rule of the permissions', () => {
  it.each([
    [
      'a tool that is not there',
      { deny: ['read_fil(x)'] },
      /"read_fil\(x\)" holds for nothing: there is no tool "read_fil" → did you mean "read_file"/,
    ],
    ['a folder with a slash at its end', { allow: ['write_file(out/)'] }, /write write_file\(out\/\*\*\)/],
    ['a path outside', { deny: ['read_file(../x/**)'] }, /name the folder under permissions.roots/],
    ['a path at home', { deny: ['read_file(~/.ssh/**)'] }, /real paths below the folder/],
    [
      'an address without its scheme',
      { allow: ['fetch_url(a.org/**)'] },
      /fetch_url\(https:\/\/a.org\/\*\*\)/,
    ],
    ['a server instead of its tools', { allow: ['notes'] }, /write notes__\*/],
    ['a tool that its server is not to have', { deny: ['notes__dro'] }, /did you mean "notes__drop"/],
  ])('is pointed out when it holds for nothing: %s', async (_, permissions, said) => {
    const found = await warnings(worker(['read_file', 'notes', 'open'], permissions, MCP))
    expect(found).toEqual([expect.stringMatching(said)])
  })

  it('is pointed out at the agent that has it', async () => {
    const { problems } = await team({
      agents: { ann: { role: 'A', tools: ['read_file'], permissions: { deny: ['raed_file'] } } },
      pattern: { kind: 'pipeline', stages: ['ann'] },
    })
    expect(problems.map(({ path }) => path)).toEqual([['agents', 'ann', 'permissions', 'deny', 0]])
  })

  it('is left alone when it can hold', async () => {
    const deny = [
      '*(**/.env)',
      'READ_FILE(x)',
      'write_*',
      'notes__*',
      '*__drop',
      'open__anything',
      'read_result',
    ]
    const allow = [
      'notes__search(q=a/)',
      'fetch_url(*://a.org/**)',
      'write_file(shared:/**)',
      'run_command(ls ../x/)',
    ]
    expect(await warnings(worker(['read_file', 'notes', 'open'], { deny, allow }, MCP))).toEqual([])
  })

  it('may be about the tools of a team inside, and is not pointed out twice', async () => {
    const inner = {
      name: 'inner',
      ...worker(['own'], { allow: ['won'] }, { tools: { own: { description: 'Own.', run: ['true'] } } }),
    }
    const outer = {
      agents: { sub: { kind: 'team', team: inner } },
      pattern: { kind: 'pipeline', stages: ['sub'] },
      permissions: { deny: ['own', 'read_file(x/)'] },
    }
    expect(await warnings(outer)).toEqual([
      expect.stringMatching(/"read_file\(x\/\)" holds for nothing/),
      expect.stringMatching(/"won" holds for nothing.*the tools are: own,/),
    ])
  })
})
