import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { trust } from '../../src/commands/trust.ts'
import { temporaryFolder } from '../helpers/runs.ts'

let home: string
let file: string

beforeEach(() => {
  home = temporaryFolder()
  vi.stubEnv('CREW_HOME', home)
  vi.stubEnv('NO_COLOR', '1')
  onTestFinished(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })
  file = join(home, 'team.json')
  writeFileSync(join(home, 'work.mjs'), '')
  writeFileSync(
    file,
    JSON.stringify({
      name: 'test',
      agents: { a: { kind: 'command', run: ['node', 'work.mjs', '\u202e\u001b[2K'] } },
      pattern: { kind: 'pipeline', stages: ['a'] },
    }),
  )
})

/** What `crew trust ARGS…` says, without a terminal. */
async function says(...args: readonly string[]) {
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation(text => {
      written[name] += String(text)
      return true
    })
  }
  try {
    await trust(() => {}).parseAsync([...args], { from: 'user' })
  } finally {
    vi.restoreAllMocks()
  }
  return written
}

describe('crew trust', () => {
  it('shows all that a team could do, escaped, and keeps that it may', async () => {
    const { stdout, stderr } = await says(file)
    expect(stdout).toBe('')
    expect(stderr).toContain("    agents.a.run  node work.mjs $'\\u202e\\x1b[2K'\n")
    expect(stderr).toMatch(/it is trusted from now on, until one of these changes\n$/)
    expect((await says(file)).stderr).toMatch(/it is trusted already\n$/)
  })

  it('gives it as JSON without trusting it', async () => {
    const document = JSON.parse((await says(file, '--json')).stdout)
    expect(document).toMatchObject({
      team: file,
      folder: home,
      state: 'unknown',
      could: [{ kind: 'runs', at: 'agents.a.run' }],
    })
    expect((await says('--list')).stderr).toBe('crew: no team is trusted yet\n')
  })

  it('lists what is trusted, and what has become of it', async () => {
    await says(file)
    expect((await says('--list')).stdout).toMatch(
      /^\d{4}-\d\d-\d\d {2}\S{8} {2}as it was {2}\S+ {2}1 thing\n$/,
    )
    writeFileSync(join(home, 'work.mjs'), '// other')
    expect(JSON.parse((await says('--list', '--json')).stdout)).toMatchObject([
      { state: 'changed', file, folder: home },
    ])
  })

  it('takes it back: by the file, by the beginning of the hash, or all', async () => {
    for (const whom of ['file', 'hash', 'all']) {
      await says(file)
      const [{ hash }] = JSON.parse((await says('--list', '--json')).stdout)
      const named = whom === 'file' ? file : whom === 'hash' ? hash.slice(0, 8) : 'all'
      expect((await says('--revoke', named)).stderr).toMatch(/\(\S{8}\) is trusted no more\n$/)
      expect((await says('--list')).stderr).toBe('crew: no team is trusted yet\n')
    }
    expect((await says('--revoke', 'all')).stderr).toBe('crew: no team was trusted\n')
  })

  it('refuses what it does not know, and a hash that could be many', async () => {
    await says(file)
    const [{ hash }] = JSON.parse((await says('--list', '--json')).stdout)
    for (const whom of [hash.slice(0, 5), 'other.json', '']) {
      await expect(says('--revoke', whom)).rejects.toMatchObject({ code: 'usage' })
    }
    for (const args of [[], [file, '--list'], ['--list', '--revoke', 'all']]) {
      await expect(says(...args)).rejects.toMatchObject({ code: 'usage' })
    }
  })

  it('has nothing to keep of a team that can do nothing', async () => {
    writeFileSync(file, '{"name":"test","agents":{"a":{}},"pattern":{"kind":"pipeline","stages":["a"]}}')
    expect((await says(file)).stderr).toMatch(/needs no trust/)
    expect((await says('--list')).stderr).toBe('crew: no team is trusted yet\n')
  })
})
